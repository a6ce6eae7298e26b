#include "daemon/amqp/publish_window.hpp"

#include <algorithm>

namespace outreachd::amqp {

void publish_window::add(event_in_flight fresh) {
    body_bytes_ += fresh.bytes;
    places_.insert(fresh.at);
    ids_.insert(fresh.id);
    entries_.push_back({std::move(fresh)});
}

publish_window::outcome publish_window::confirm(const amqp_connection::confirmed& what) {
    outcome settled;
    const auto past = std::ranges::upper_bound(entries_, what.tag, {},
                                               [](const entry& one) { return one.what.exchange_tag; });
    if (what.is_multiple) {
        for (auto one = entries_.begin(); one != past; ++one) {
            note(one->what, one->what.exchange_tag, what.is_taken);
            if (one->what.queue_tag <= what.tag)
                note(one->what, one->what.queue_tag, what.is_taken);
            settle(*one, settled);
        }
    } else if (past != entries_.begin()) {
        entry& one = *std::prev(past);
        note(one.what, what.tag, what.is_taken);
        settle(one, settled);
    }
    drop_settled();
    return settled;
}

void publish_window::note(event_in_flight& what, std::uint64_t tag, bool is_taken) {
    bool* const confirmed = tag == what.exchange_tag ? &what.is_in_exchange
                            : tag == what.queue_tag  ? &what.is_in_queue
                                                     : nullptr;
    if (confirmed == nullptr || *confirmed)
        return;
    *confirmed = true;
    if (is_taken)
        return;
    if (confirmed == &what.is_in_exchange)
        what.exchange_refusal = "the broker refused it (basic.nack): a queue that is bound is full";
    else if (what.refusal.empty())
        what.refusal = "the broker refused it (basic.nack): the work queue is full, or has no quorum";
}

void publish_window::settle(entry& one, outcome& into) {
    if (one.is_settled || !one.what.is_in_exchange || !one.what.is_in_queue)
        return;
    let_go(one);
    const bool is_published = one.what.refusal.empty() && one.what.exchange_refusal.empty();
    (is_published ? into.published : into.refused).push_back(one.what);
}

void publish_window::let_go(entry& one) {
    one.is_settled = true;
    places_.erase(one.what.at);
    ids_.erase(one.what.id);
    body_bytes_ -= one.what.bytes;
}

std::vector<event_in_flight> publish_window::take_overdue(steady_time deadline) {
    std::vector<event_in_flight> found;
    for (entry& one : entries_) {
        if (one.what.sent_at >= deadline)
            break;
        if (one.is_settled || one.what.is_in_exchange == one.what.is_in_queue)
            continue;
        const std::string why = "no confirm in time, while others are confirmed";
        (one.what.is_in_exchange ? one.what.refusal : one.what.exchange_refusal) = why;
        let_go(one);
        found.push_back(one.what);
    }
    drop_settled();
    return found;
}

void publish_window::drop_settled() {
    while (!entries_.empty() && entries_.front().is_settled)
        entries_.pop_front();
}

void publish_window::note_returned(const amqp_connection::returned& what) {
    const auto one = std::ranges::find_if(entries_, [&](const entry& each) {
        return !each.is_settled && to_string(each.what.id) == what.message_id;
    });
    if (one != entries_.end())
        one->what.refusal = "returned: " + std::to_string(what.reply_code) + " " + what.reply_text +
                            ": no queue '" + what.routing_key + "'";
}

bool publish_window::awaits(std::uint32_t partition) const {
    return std::ranges::any_of(entries_, [partition](const entry& one) {
        return !one.is_settled && one.what.partition == partition;
    });
}

std::optional<steady_time> publish_window::oldest() const {
    return entries_.empty() ? std::nullopt : std::optional{entries_.front().what.sent_at};
}

std::vector<event_in_flight> publish_window::unsettled() const {
    std::vector<event_in_flight> found;
    for (const entry& one : entries_)
        if (!one.is_settled)
            found.push_back(one.what);
    return found;
}

void publish_window::restart_clock(steady_time now) {
    for (entry& one : entries_)
        one.what.sent_at = now;
}

void publish_window::clear() {
    entries_.clear();
    places_.clear();
    ids_.clear();
    body_bytes_ = 0;
}

} // namespace outreachd::amqp
