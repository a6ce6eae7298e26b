/// Of each resource one event at a time is on its way to the broker.
#pragma once

#include "daemon/store/records.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

namespace outreachd::amqp {

/// A queue can refuse an event and take the one right behind it: where it was full a moment ago, or had no
/// leader yet, as RabbitMQ does with the first message of a channel. The refused one would then come after
/// it. So an event waits until the one before it of its ordering key is confirmed. Those that wait are kept
/// as places, so that a body is read when it is needed, and waits in the store until then. An event without a
/// key (0) has no order, and is let through as if it weren't there. Pure; one thread.
class resource_turns {
public:
    /// With so many waiting the outbox isn't read on; some 2 MB.
    static constexpr std::size_t waiting_max = 16 * 1024;

    /// Whether another of its key has the turn; then this one, which goes to queue `partition`, waits for it.
    bool waits(const store::unfinished_delivery& one, std::uint32_t partition);

    bool is_taken(std::uint64_t key) const { return taken_.contains(key); }

    /// From now on it has the turn, until `pass`. Nobody else of the key has it.
    void take(std::uint64_t key) {
        if (key != 0)
            taken_.insert(key);
    }

    /// Whoever of the key had the turn is done with it, or refused. The next one is called.
    void pass(std::uint64_t key);

    bool has_called() const { return !called_.empty(); }

    /// Those whose turn it is now; they have it until `pass`, or until they are given back.
    std::vector<store::unfinished_delivery> call(std::size_t at_most);
    /// One that was called and couldn't go yet: it waits again, and is called.
    void give_back(const store::unfinished_delivery& one, std::uint32_t partition);

    /// Those that wait for this queue do so no more; gives the first. It is for the caller to come back.
    std::optional<store::sequence> pass_over(std::uint32_t partition);
    /// The same with those behind `at`, which are read again.
    void forget_behind(store::sequence at);
    /// Nobody has a turn.
    void clear();

    bool has_waiting() const { return !waiting_.empty(); }

    bool is_full() const { return waiting_.size() >= waiting_max; }

private:
    using place = std::pair<std::uint64_t, store::sequence>; // a key's own stand together, in order

    struct waiting {
        store::unfinished_delivery what;
        std::uint32_t partition = 0;
    };

    using all_waiting = std::map<place, waiting>;

    all_waiting::iterator first_of(std::uint64_t key);
    std::optional<store::sequence> drop(const std::function<bool(const waiting&)>& is_dropped);

    std::unordered_set<std::uint64_t> taken_; ///< Keys of which one has the turn, or is called.
    std::deque<std::uint64_t> called_;        ///< Keys whose first has the turn and wasn't told so yet.
    all_waiting waiting_;
};

} // namespace outreachd::amqp
