/// The events that wait for a broker, in order.
#pragma once

#include "daemon/amqp/partition_holds.hpp"
#include "daemon/amqp/publish_records.hpp"
#include "daemon/amqp/resource_turns.hpp"
#include "daemon/amqp/topology.hpp"
#include "daemon/store/store.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace outreachd::amqp {

/// An event to be published next.
struct outgoing_event {
    std::shared_ptr<const event> subject; ///< Null: its row is damaged.
    store::sequence at = 0;
    std::uint32_t attempts = 0;
    std::uint32_t partition = 0;
    std::uint64_t ordering_key = 0; ///< It has the turn of it.
    bool is_in_work_queue = false;  ///< The exchange alone hasn't taken it yet.
};

/// Goes through the outbox, a page of places at a time, and passes over what may not be sent now: what goes
/// to a queue that is held, and comes back to it later, and what waits for its turn. Of those that may, some
/// are read ahead. One thread.
class outbox_reader {
public:
    outbox_reader(store::store& from, const topology& names, partition_holds& holds, resource_turns& turns)
        : from_(from), names_(names), holds_(holds), turns_(turns) {}

    /// From the first one on.
    void start_over();

    /// There may be more behind the last.
    void look_again() { is_at_end_ = false; }

    /// Events that have left the outbox, or are put off. Such a one may have been read ahead before.
    void forget(std::vector<committed_event> gone);

    /// One that was sent is put off until then. Those that are due are told once the end was reached.
    void expect_due(steady_time when);

    /// One that was told is left for now, since the exchange is behind.
    void expect_exchange();

    /// Whether those that their work queues have are passed over for now; they come back later.
    void leave_to_exchange(bool does) { leaves_to_exchange_ = does; }

    /// A queue that was held may be tried with one event again: with the first that was passed over.
    void probe(store::sequence first);

    /// Nothing where there is none now; or, with `has_more`, none within the pages that one call reads, so
    /// that nobody waits for long. `is_in_flight` tells those that are on their way. One that is given has
    /// the turn of its resource, and is to be passed once it is settled. Errors: those of a reader.
    result<std::optional<outgoing_event>> next(const std::function<bool(store::sequence)>& is_in_flight);

    /// Whether `next` may find one now.
    bool has_more() const {
        return !probes_.empty() || turns_.has_called() || !ahead_.empty() || !page_.empty() ||
               (!is_at_end_ && !turns_.is_full());
    }

    /// Whether there are more than those on their way, may they be sent now or not.
    bool has_backlog() const { return has_more() || turns_.has_waiting(); }

private:
    /// A place with its event; null: its row is damaged.
    struct read_place {
        store::unfinished_delivery place;
        std::shared_ptr<const event> subject;
        bool has_turn = false; ///< It has waited for it.
    };

    result<void> load(const std::function<bool(store::sequence)>& is_in_flight);
    result<void> load_probe();
    result<void> read_called();
    result<void> read_ahead();
    std::optional<read_place> as_it_stands(store::unfinished_delivery place,
                                           std::optional<store::unfinished_event> now);
    void forget_ahead();
    void go_back();
    void read_again_behind(store::sequence at);
    void note_end();
    store::sequence first_of_page() const;
    bool may_send(const store::unfinished_delivery& one, std::uint32_t partition);
    std::uint32_t partition_of(const store::unfinished_delivery& one) const;

    store::store& from_;
    const topology& names_;
    partition_holds& holds_;
    resource_turns& turns_;
    std::unique_ptr<store::reader> reader_;
    std::deque<store::sequence> probes_;
    std::deque<read_place> ahead_;
    steady_time ahead_until_;                     ///< By then those may have become others.
    std::deque<store::unfinished_delivery> page_; ///< Behind them.
    store::sequence cursor_ = 0;                  ///< The last place that was read into a page.
    bool is_at_end_ = false;
    bool leaves_to_exchange_ = false;
    std::optional<steady_time> next_due_; ///< Of events that were put off.
    std::optional<steady_time> began_at_; ///< With the first place; until the end is reached.
    steady_time not_anew_before_;
};

} // namespace outreachd::amqp
