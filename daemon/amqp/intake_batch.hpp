/// Messages on their way into the store.
#pragma once

#include "daemon/event/event.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

namespace outreachd::amqp {

/// What is to be acked: on each channel all up to a tag.
using ack_marks = std::map<std::uint16_t, std::uint64_t>;

/// Messages are gathered into batches, one commit each; a batch is acked once it and all before it are
/// committed. Pure; one thread.
class intake_batches {
public:
    static constexpr std::size_t events_max = 256;
    static constexpr std::size_t bytes_max = 8 * 1024 * 1024;
    static constexpr std::size_t batches_max = 2; ///< Handed to the store and not yet committed.

    void add(std::uint16_t channel, std::uint64_t tag, std::shared_ptr<const event> what);

    bool is_full() const { return events_.size() >= events_max || bytes_ >= bytes_max; }

    bool is_empty() const { return events_.empty(); }

    bool may_hand_over() const { return !events_.empty() && uncommitted_ < batches_max; }

    /// What was gathered, for the store. Its number comes back with `committed`.
    struct batch {
        std::uint64_t number = 0;
        std::vector<std::shared_ptr<const event>> events;
    };

    batch hand_over();
    /// A batch is committed; gives what may be acked now.
    ack_marks committed(std::uint64_t number);
    /// Messages of the channel that aren't acked yet.
    bool has_unacked(std::uint16_t channel) const;

    bool has_unacked() const { return !events_.empty() || !handed_over_.empty(); }

    /// The connection is gone: nothing of what there is can be acked. Batches handed over are committed all
    /// the same.
    void forget();

private:
    struct handed_over {
        std::uint64_t number = 0;
        ack_marks marks;
        bool is_committed = false;
    };

    std::vector<std::shared_ptr<const event>> events_;
    std::size_t bytes_ = 0;
    ack_marks marks_;
    std::deque<handed_over> handed_over_; ///< Of this connection.
    std::size_t uncommitted_ = 0;         ///< Of those before it, too.
    std::uint64_t next_number_ = 1;
};

} // namespace outreachd::amqp
