/// What was published and isn't confirmed yet.
#pragma once

#include "daemon/amqp_connection/message.hpp"
#include "daemon/event/event_id.hpp"
#include "daemon/store/records.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace outreachd::amqp {

/// One of the two messages that an event is published as.
struct message_half {
    enum class stage { unsent, awaited, taken, refused };
    stage is = stage::unsent;
    std::uint16_t channel = 0;
    std::uint64_t tag = 0;
    std::string refusal; ///< Why it isn't taken; also of one that isn't sent.

    bool is_awaited() const { return is == stage::awaited; }

    bool is_taken() const { return is == stage::taken; }
};

/// An event on its way. It is published twice, to the exchange and to its work queue: both must be confirmed.
struct event_in_flight {
    event_id id{};
    store::sequence at = 0;
    std::uint32_t attempts = 0; ///< Before this one.
    std::uint32_t partition = 0;
    std::uint64_t ordering_key = 0;
    message_half exchange;
    message_half queue;
    std::size_t bytes = 0; ///< Of its body.
    steady_time sent_at;
    steady_time queue_taken_at; ///< Or when it was sent, where the work queue had it by then.
    bool has_turn = true;       ///< Of its resource: `let_next_go` takes it.

    /// Its work queue has it, and it wasn't sent to the exchange.
    bool is_left_to_exchange() const {
        return queue.is_taken() && exchange.is == message_half::stage::unsent;
    }
};

/// Confirms come for one or for many, in any order, by channel and tag, and a returned message is confirmed
/// as well. Pure; one thread.
class publish_window {
public:
    void add(event_in_flight fresh);

    struct outcome {
        std::vector<event_in_flight> published;
        /// Its work queue has refused it; or it has taken it, and the exchange hasn't.
        std::vector<event_in_flight> refused;
        /// The work queue has taken one, now.
        std::vector<std::uint32_t> taking_partitions;
        /// Of those whose turn has ended, while the exchange is still awaited.
        std::vector<std::uint64_t> passed;
    };

    /// What a confirm has settled. What isn't known is no event's any more.
    outcome confirm(const amqp_connection::confirmed& what, steady_time now);
    /// Comes before its confirm, which then settles the event as refused.
    void note_returned(const amqp_connection::returned& what);

    /// From now on the turn of a resource ends once the work queue has its event, whatever the exchange says.
    /// Gives the keys of those whose turn has ended by that.
    std::vector<std::uint64_t> let_next_go(bool does);

    bool holds(store::sequence at) const { return places_.contains(at); }

    /// An event that has come back meanwhile has another place, and is the same.
    bool holds(const event_id& id) const { return ids_.contains(id); }

    /// Null where it isn't on its way. Until something else is called.
    const event_in_flight* find(const event_id& id) const;

    std::size_t size() const { return entries_.size(); }

    /// Those of which the exchange's half alone is awaited.
    std::size_t awaiting_exchange() const { return awaiting_exchange_; }

    std::size_t bytes_awaiting_exchange() const { return bytes_awaiting_exchange_; }

    /// Since when the first of those has waited.
    std::optional<steady_time> awaits_exchange_since() const;
    /// Whether one to this queue is on its way.
    bool awaits(std::uint32_t partition) const;
    /// Whether anything is awaited on the channel.
    bool awaits_on(std::uint16_t channel) const;

    /// Those sent before `deadline`. What is awaited of them is refused: all that a caller waits for is the
    /// fault of a queue, others being confirmed. What comes for them later is no event's.
    std::vector<event_in_flight> take_overdue(steady_time deadline);
    /// What is awaited on the channel doesn't come any more; it is as if it hadn't been sent.
    outcome give_up(std::uint16_t channel);
    /// When the oldest was sent.
    std::optional<steady_time> oldest() const;

    std::size_t body_bytes() const { return body_bytes_; }

    /// Those of which something is awaited on the channel, oldest first.
    std::vector<event_in_flight> awaited(std::uint16_t channel) const;
    /// From now on the time for a confirm counts anew: the broker didn't read meanwhile.
    void restart_clock(steady_time now);
    void clear();

private:
    using all_entries = std::map<std::uint64_t, event_in_flight>; // in the order of sending
    using published_as = std::pair<std::uint16_t, std::uint64_t>; // channel, tag

    struct awaited_half {
        std::uint64_t number = 0; ///< Of its entry.
        message_half event_in_flight::*half = nullptr;
    };

    using all_awaited = std::map<published_as, awaited_half>;

    all_awaited::const_iterator first_awaited(std::uint16_t channel) const;
    void settle(std::uint64_t number, outcome& into);
    void count_awaiting_exchange(const event_in_flight& one, int by);
    event_in_flight let_go(all_entries::iterator one);

    std::uint64_t last_number_ = 0;
    all_entries entries_;
    all_awaited awaited_; ///< A channel carries one half of an event at most.
    std::unordered_set<store::sequence> places_;
    std::set<event_id> ids_;
    std::size_t body_bytes_ = 0;
    std::size_t awaiting_exchange_ = 0;
    std::size_t bytes_awaiting_exchange_ = 0;
    bool lets_next_go_ = false;
};

} // namespace outreachd::amqp
