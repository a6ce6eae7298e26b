/// What was published and isn't confirmed yet.
#pragma once

#include "daemon/amqp_connection/message.hpp"
#include "daemon/event/event_id.hpp"
#include "daemon/store/records.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace outreachd::amqp {

/// An event on its way. It is published twice, to the exchange and to its work queue: both must be confirmed.
struct event_in_flight {
    event_id id{};
    store::sequence at = 0;
    std::uint32_t attempts = 0; ///< Before this one.
    std::uint32_t partition = 0;
    std::uint64_t ordering_key = 0;
    std::uint64_t exchange_tag = 0;
    std::uint64_t queue_tag = 0; ///< The one after it.
    std::size_t bytes = 0;       ///< Of its body.
    steady_time sent_at;
    bool is_in_exchange = false;
    bool is_in_queue = false;
    std::string refusal;          ///< By its work queue: returned, or refused; why.
    std::string exchange_refusal; ///< Of a queue that another program has bound.
};

/// Confirms come for one or for many, in any order, and a returned message is confirmed as well. Pure; one
/// thread.
class publish_window {
public:
    /// Tags grow with each.
    void add(event_in_flight fresh);

    struct outcome {
        std::vector<event_in_flight> published;
        std::vector<event_in_flight> refused; ///< By either.
    };

    /// What a confirm has settled.
    outcome confirm(const amqp_connection::confirmed& what);
    /// Comes before its confirm, which then settles the event as refused.
    void note_returned(const amqp_connection::returned& what);

    bool holds(store::sequence at) const { return places_.contains(at); }

    /// An event that has come back meanwhile has another place, and is the same.
    bool holds(const event_id& id) const { return ids_.contains(id); }

    std::size_t size() const { return places_.size(); }

    /// Whether one to this queue is on its way.
    bool awaits(std::uint32_t partition) const;

    /// Those sent before `deadline` of which one half is confirmed: the other half's queue is to blame, and
    /// they are refused. What comes for them later is no event's.
    std::vector<event_in_flight> take_overdue(steady_time deadline);
    /// When the oldest was sent.
    std::optional<steady_time> oldest() const;

    std::size_t body_bytes() const { return body_bytes_; }

    /// All that isn't settled, oldest first.
    std::vector<event_in_flight> unsettled() const;
    /// From now on the time for a confirm counts anew: the broker didn't read meanwhile.
    void restart_clock(steady_time now);
    void clear();

private:
    struct entry {
        event_in_flight what;
        bool is_settled = false;
    };

    static void note(event_in_flight& what, std::uint64_t tag, bool is_taken);
    void settle(entry& one, outcome& into);
    void let_go(entry& one);
    void drop_settled();

    std::deque<entry> entries_; ///< By tag.
    std::unordered_set<store::sequence> places_;
    std::set<event_id> ids_;
    std::size_t body_bytes_ = 0;
};

} // namespace outreachd::amqp
