#include "daemon/amqp/publish_window.hpp"

#include <algorithm>

namespace outreachd::amqp {

namespace {

using stage = message_half::stage;

constexpr const char* no_confirm = "no confirm in time, while others are confirmed";

bool awaits_exchange_alone(const event_in_flight& one) {
    return one.exchange.is_awaited() && one.queue.is_taken();
}

void refuse(message_half& what, const char* why) {
    what.is = stage::refused;
    what.refusal = why;
}

} // namespace

void publish_window::add(event_in_flight fresh) {
    const std::uint64_t number = ++last_number_;
    fresh.queue_taken_at = fresh.sent_at;
    body_bytes_ += fresh.bytes;
    places_.insert(fresh.at);
    ids_.insert(fresh.id);
    for (const auto half : {&event_in_flight::exchange, &event_in_flight::queue})
        if (const message_half& one = fresh.*half; one.is_awaited())
            awaited_.insert_or_assign({one.channel, one.tag}, awaited_half{number, half});
    count_awaiting_exchange(fresh, 1);
    entries_.emplace_hint(entries_.end(), number, std::move(fresh));
}

publish_window::outcome publish_window::confirm(const amqp_connection::confirmed& what, steady_time now) {
    outcome settled;
    const published_as first{what.channel, what.is_multiple ? 0 : what.tag};
    const published_as last{what.channel, what.tag};
    // Looked up anew each time: what is settled takes its other half with it.
    for (auto next = awaited_.lower_bound(first); next != awaited_.end() && next->first <= last;
         next = awaited_.lower_bound(first)) {
        const auto [number, which] = next->second;
        awaited_.erase(next);
        event_in_flight& event = entries_.at(number);
        message_half& half = event.*which;
        const bool is_queue = which == &event_in_flight::queue;
        count_awaiting_exchange(event, -1);
        if (!half.refusal.empty()) // the message has been returned
            half.is = stage::refused;
        else if (what.is_taken)
            half.is = stage::taken;
        else
            refuse(half, is_queue
                             ? "the broker refused it (basic.nack): the work queue is full, or has no quorum"
                             : "the broker refused it (basic.nack): a queue that is bound is full");
        if (is_queue && half.is_taken()) {
            event.queue_taken_at = now;
            settled.taking_partitions.push_back(event.partition);
        }
        count_awaiting_exchange(event, 1);
        settle(number, settled);
    }
    return settled;
}

/// `by`: 1 or -1, where it is one that waits for the exchange alone.
void publish_window::count_awaiting_exchange(const event_in_flight& one, int by) {
    if (!awaits_exchange_alone(one))
        return;
    awaiting_exchange_ = by > 0 ? awaiting_exchange_ + 1 : awaiting_exchange_ - 1;
    bytes_awaiting_exchange_ =
        by > 0 ? bytes_awaiting_exchange_ + one.bytes : bytes_awaiting_exchange_ - one.bytes;
}

std::vector<std::uint64_t> publish_window::let_next_go(bool does) {
    std::vector<std::uint64_t> passed;
    lets_next_go_ = does;
    for (auto& [number, one] : entries_)
        if (does && one.has_turn && awaits_exchange_alone(one)) {
            one.has_turn = false;
            passed.push_back(one.ordering_key);
        }
    return passed;
}

void publish_window::settle(std::uint64_t number, outcome& into) {
    const auto one = entries_.find(number);
    event_in_flight& event = one->second;
    if (event.queue.is == stage::refused)
        return into.refused.push_back(let_go(one));
    if (!event.queue.is_taken())
        return;
    if (!event.exchange.is_awaited()) {
        auto& settled = event.exchange.is_taken() ? into.published : into.refused;
        return settled.push_back(let_go(one));
    }
    if (lets_next_go_ && event.has_turn) {
        event.has_turn = false;
        into.passed.push_back(event.ordering_key);
    }
}

event_in_flight publish_window::let_go(all_entries::iterator one) {
    event_in_flight gone = std::move(one->second);
    entries_.erase(one);
    count_awaiting_exchange(gone, -1);
    for (const message_half* const half : {&gone.exchange, &gone.queue})
        if (half->is_awaited())
            awaited_.erase({half->channel, half->tag});
    places_.erase(gone.at);
    ids_.erase(gone.id);
    body_bytes_ -= gone.bytes;
    return gone;
}

std::vector<event_in_flight> publish_window::take_overdue(steady_time deadline) {
    std::vector<event_in_flight> found;
    while (!entries_.empty() && entries_.begin()->second.sent_at < deadline) {
        event_in_flight one = let_go(entries_.begin());
        for (message_half* const half : {&one.exchange, &one.queue})
            if (half->is_awaited())
                refuse(*half, no_confirm);
        found.push_back(std::move(one));
    }
    return found;
}

publish_window::outcome publish_window::give_up(std::uint16_t channel) {
    outcome settled;
    for (auto first = first_awaited(channel); first != awaited_.end(); first = first_awaited(channel)) {
        const auto [number, which] = first->second;
        awaited_.erase(first);
        event_in_flight& event = entries_.at(number);
        count_awaiting_exchange(event, -1);
        event.*which = {.is = stage::unsent, .refusal = no_confirm};
        settle(number, settled);
    }
    return settled;
}

void publish_window::note_returned(const amqp_connection::returned& what) {
    const auto one = std::ranges::find_if(entries_, [&](const auto& each) {
        return each.second.queue.channel == what.channel && to_string(each.second.id) == what.message_id;
    });
    if (one != entries_.end())
        one->second.queue.refusal = "returned: " + std::to_string(what.reply_code) + " " + what.reply_text +
                                    ": no queue '" + what.routing_key + "'";
}

const event_in_flight* publish_window::find(const event_id& id) const {
    const auto one = std::ranges::find_if(entries_, [&](const auto& each) { return each.second.id == id; });
    return one == entries_.end() ? nullptr : &one->second;
}

std::optional<steady_time> publish_window::awaits_exchange_since() const {
    std::optional<steady_time> first;
    if (awaiting_exchange_ > 0)
        for (const auto& [number, one] : entries_)
            if (awaits_exchange_alone(one))
                first = std::min(first.value_or(one.queue_taken_at), one.queue_taken_at);
    return first;
}

bool publish_window::awaits(std::uint32_t partition) const {
    return std::ranges::any_of(entries_, [partition](const auto& one) {
        return one.second.queue.is_awaited() && one.second.partition == partition;
    });
}

/// The end where nothing is.
publish_window::all_awaited::const_iterator publish_window::first_awaited(std::uint16_t channel) const {
    const auto first = awaited_.lower_bound({channel, 0});
    return first != awaited_.end() && first->first.first == channel ? first : awaited_.end();
}

bool publish_window::awaits_on(std::uint16_t channel) const {
    return first_awaited(channel) != awaited_.end();
}

std::optional<steady_time> publish_window::oldest() const {
    return entries_.empty() ? std::nullopt : std::optional{entries_.begin()->second.sent_at};
}

std::vector<event_in_flight> publish_window::awaited(std::uint16_t channel) const {
    std::vector<event_in_flight> found;
    for (auto one = first_awaited(channel); one != awaited_.end() && one->first.first == channel; ++one)
        found.push_back(entries_.at(one->second.number));
    return found;
}

void publish_window::restart_clock(steady_time now) {
    for (auto& [number, one] : entries_) {
        one.sent_at = now;
        one.queue_taken_at = now;
    }
}

void publish_window::clear() {
    entries_.clear();
    awaited_.clear();
    places_.clear();
    ids_.clear();
    body_bytes_ = 0;
    awaiting_exchange_ = 0;
    bytes_awaiting_exchange_ = 0;
}

} // namespace outreachd::amqp
