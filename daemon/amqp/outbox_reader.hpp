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
#include <unordered_set>
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

/// What isn't to be told, though it may stand in the outbox: by its place, and, since one that comes back by
/// its queue has another place then, by its id.
struct events_under_way {
    std::function<bool(store::sequence)> is_at;
    std::function<bool(const event_id&)> has;
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

    /// This one before all others, if it is still there.
    void read_first(store::sequence at) { read_first_.push_back(at); }

    /// Nothing where there is none now; or, with `has_more`, none within the pages that one call reads, so
    /// that nobody waits for long. Where a queue that is held is to be tried, an event for it comes first.
    /// One that is given has the turn of its resource, and is to be passed once it is settled. Errors: those
    /// of a reader.
    result<std::optional<outgoing_event>> next(const events_under_way& others);

    /// Whether all were read, and sent or passed over, that may stand in front of a held queue's first.
    bool may_try(const partition_holds::probe& one) const {
        return is_at_end_ || (one.first && *one.first <= cursor_);
    }

    /// Whether `next` may find one now.
    bool has_more() const {
        return !read_first_.empty() || may_look_for_probe() || turns_.has_called() || !ahead_.empty() ||
               !page_.empty() || (!is_at_end_ && !turns_.is_full());
    }

    /// Whether there are more than those on their way, may they be sent now or not.
    bool has_backlog() const { return has_more() || turns_.has_waiting(); }

private:
    struct read_event {
        store::unfinished_event what;
        bool has_turn = false; ///< It has waited for it.
    };

    result<void> open();
    result<void> load(const events_under_way& others);
    result<void> load_first();
    result<void> read_called();
    result<void> read_ahead();
    result<std::optional<outgoing_event>> next_in_order(const events_under_way& others);
    bool may_look_for_probe() const;
    result<std::optional<outgoing_event>> next_probe(const events_under_way& others);
    result<std::optional<outgoing_event>> to_probe(const store::unfinished_delivery& place,
                                                   const events_under_way& others);
    result<std::optional<store::unfinished_event>> as_it_stands(store::sequence at);
    bool is_to_be_sent(const std::optional<store::unfinished_event>& one);
    outgoing_event to_outgoing(const store::unfinished_event& what) const;
    void pass_over_held();
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
    std::deque<store::sequence> read_first_;

    /// Of an event for the queue that is to be tried.
    struct probe_search {
        std::uint32_t partition = 0;
        store::sequence first = 0;
        store::sequence looked_up_to = 0;
        /// Of some that wait for their turn. Though it may come meanwhile, none behind may overtake them.
        std::unordered_set<std::uint64_t> waiting_keys;
    };

    std::optional<probe_search> search_; ///< That isn't through.
    std::deque<read_event> ahead_;
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
