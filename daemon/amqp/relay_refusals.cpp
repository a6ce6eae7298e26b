/// What the relay does about events that the broker doesn't take.
#include "daemon/amqp/relay_implementation.hpp"

#include <algorithm>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::amqp_error;
using amqp_connection::connection;
using amqp_connection::trouble;

constexpr auto last_word_of_queue = 2s;
constexpr auto put_off_look_pause = 1s;

} // namespace

/// The broker closes the channel over an event and doesn't say which it was: they are sent one at a time,
/// and that one is put off. False where it isn't known to be the fault of one.
bool relay::implementation::look_for_odd_event(connection& at, const amqp_error& failure) {
    const bool is_denied = failure.kind() == trouble::refused;
    const std::uint16_t closed = failure.closed_channel();
    const bool is_ours =
        std::ranges::any_of(lanes, [closed](const publish_lane* lane) { return lane->has(closed); });
    if (!is_ours && closed >= first_lane)
        return true; // one that was left
    if (!is_ours || !(is_denied || failure.kind() == trouble::rejected))
        return false;
    was_denied = was_denied || is_denied;
    const auto sent = window.awaited(closed);
    if (sent.size() > 1) {
        one_at_a_time = sent.size();
        suspects.clear();
        for (const event_in_flight& one : sent)
            suspects.push_back(one.at);
        if (is_denied) // each time another one stands first
            std::ranges::shuffle(suspects, random);
        return true;
    }
    one_at_a_time = 0;
    if (sent.empty())
        return false;
    const event_in_flight& odd = sent.front();
    // The permission that is missing may be for this event's name, or for all: it is put off only if another
    // one was published by this connection, or if it was put off before.
    if (is_denied && !has_published && odd.attempts == 0) {
        ++refused;
        return false;
    }
    put_off_odd(at, odd.id, failure.what());
    return true;
}

/// Where the exchange's half was the odd one its work queue is waited for: what that has isn't sent there
/// again.
void relay::implementation::put_off_odd(connection& at, const event_id& odd, const std::string& why) {
    const auto until = std::chrono::steady_clock::now() + last_word_of_queue;
    try {
        for (const event_in_flight* one = window.find(odd);
             one != nullptr && one->queue.is_awaited() && std::chrono::steady_clock::now() < until;
             one = window.find(odd))
            take_confirms(at, 10ms);
    } catch (const amqp_error& failure) { // its channel is closed over it, too
        if (failure.closed_channel() == 0)
            throw;
    }
    if (const event_in_flight* const one = window.find(odd))
        put_off(*one, why);
}

/// Publishes an empty message to no queue at all. Where the work queues may not be published to it is thrown
/// now: an event would go to the exchange before, and to other programs again and again.
void relay::implementation::ask_leave_to_publish(connection& at) {
    const amqp_connection::message empty;
    at.publish(working.channel(), {.exchange = "", .routing_key = "", .is_mandatory = false, .what = &empty});
    while (!at.is_blocked()) {
        const auto came = at.next(answer_timeout);
        if (!came)
            throw amqp_error(trouble::too_late, "no confirm in time by " + at.node());
        const auto* const confirm = std::get_if<amqp_connection::confirmed>(&*came);
        if (confirm != nullptr && confirm->channel == working.channel())
            return; // not one of a channel that was left
        take(*came);
    }
}

/// One that the broker doesn't take whatever happens to others.
void relay::implementation::put_off(const event_in_flight& what, const std::string& why) {
    outbox.expect_due(records->put_off(what, why));
    if (what.is_left_to_exchange())
        return; // that is told of the exchange
    ++refused;
    health.trouble(odd_events, why);
}

/// It lasts for as long as one of them waits, also from before the start.
void relay::implementation::tell_of_put_off() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_at_put_off)
        return;
    next_look_at_put_off = now + put_off_look_pause;
    const store::handler_depth waiting = events.outbox();
    if (waiting.retry == 0 && records->waiting() == 0)
        health.mended(odd_events);
    else if (waiting.retry > 0)
        health.remind(odd_events, waiting.last_error.empty() ? "they are put off" : waiting.last_error);
}

void relay::implementation::refuse(const event_in_flight& what) {
    log.debug("the broker did not take an event; it stays in the outbox",
              {{"event_id", to_string(what.id)},
               {"work_queue", what.queue.refusal},
               {"exchange", what.exchange.refusal}});
    note_settled();
    if (what.queue.is_taken()) {
        put_off(what, names.exchange() + ": " + what.exchange.refusal);
        return pass_turn(what);
    }
    ++refused;
    if (holds.is_probing(what.partition))
        wants_fresh_probing = true;
    else
        want_fresh_working();
    hold(what.partition, what.at);
    pass_turn(what);
    health.trouble(names.work_queue(what.partition), what.queue.refusal);
}

} // namespace outreachd::amqp
