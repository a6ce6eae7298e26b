/// What the relay does about events, queues and a whole broker that don't take or don't answer.
#include "daemon/amqp/relay_implementation.hpp"

#include <algorithm>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::amqp_error;
using amqp_connection::connection;
using amqp_connection::trouble;

constexpr auto sign_of_life = 3s; // is waited for so long
constexpr auto fresh_channel_pause = 5s;
constexpr std::size_t held_back_max = 10UL * 1024 * 1024; // Linux: 4 MiB to be sent, 6 MiB to be read

} // namespace

/// The broker closes the channel over an event and doesn't say which it was: they are sent one at a time,
/// and that one is put off. False where it isn't known to be the fault of one.
bool relay::implementation::look_for_odd_event(const amqp_error& failure) {
    const bool is_denied = failure.kind() == trouble::refused;
    if (failure.closed_channel() != publishing || !(is_denied || failure.kind() == trouble::rejected))
        return false;
    was_denied = was_denied || is_denied;
    const auto sent = window.unsettled();
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
    put_off(odd.at, odd.attempts, failure.what());
    return true;
}

/// Publishes an empty message to no queue at all. Where the work queues may not be published to it is thrown
/// now: an event would go to the exchange before, and to other programs again and again.
void relay::implementation::ask_leave_to_publish(connection& at) {
    const amqp_connection::message empty;
    at.publish(publishing, {.exchange = "", .routing_key = "", .is_mandatory = false, .what = &empty});
    while (!at.is_blocked()) {
        const auto came = at.next(answer_timeout);
        if (!came)
            throw amqp_error(trouble::too_late, "no confirm in time by " + at.node());
        if (std::holds_alternative<amqp_connection::confirmed>(*came))
            return;
        take(*came);
    }
}

/// One that the broker doesn't take whatever happens to others.
void relay::implementation::put_off(store::sequence at, std::uint32_t attempts, const std::string& why) {
    ++refused;
    health.trouble(odd_events, why);
    outbox.expect_due(records->put_off(at, attempts, why));
}

void relay::implementation::refuse(const event_in_flight& what) {
    log.debug("the broker did not take an event; it stays in the outbox",
              {{"event_id", to_string(what.id)},
               {"work_queue", what.refusal},
               {"exchange", what.exchange_refusal}});
    if (what.refusal.empty()) { // its work queue has taken it
        if (holds.note_taken(what.partition))
            health.mended(names.work_queue(what.partition));
        put_off(what.at, what.attempts, names.exchange() + ": " + what.exchange_refusal);
        return turns.pass(what.ordering_key);
    }
    ++refused;
    // RabbitMQ 3.10 remembers for a channel that a quorum queue refused, sometimes beyond the cause.
    if (holds.is_probing(what.partition) && std::chrono::steady_clock::now() >= next_fresh_channel)
        wants_fresh_channel = true;
    hold(what.partition, what.at);
    turns.pass(what.ordering_key);
    health.trouble(names.work_queue(what.partition), what.refusal);
}

/// What waits for its turn to go there is passed over with the rest.
void relay::implementation::hold(std::uint32_t partition, store::sequence at) {
    const bool is_news = !holds.is_held(partition);
    holds.hold(partition, at, std::chrono::steady_clock::now());
    if (const auto first = is_news ? turns.pass_over(partition) : std::nullopt)
        holds.may_send(partition, *first);
}

void relay::implementation::use_fresh_channel(connection& at) {
    at.close_channel(publishing);
    open_to_publish(at);
    next_fresh_channel = std::chrono::steady_clock::now() + fresh_channel_pause;
}

/// Under an alarm the broker doesn't look for our heartbeats, and a queue without a quorum says nothing: only
/// this sees it.
void relay::implementation::check_deadline(connection& at) {
    const auto oldest = window.oldest();
    const auto now = std::chrono::steady_clock::now();
    const auto patience = limits.confirm_timeout + time_on_the_way();
    if (at.is_blocked() || !oldest || now - *oldest < patience)
        return;
    expect_an_answer(at);
    // Of one queue alone, while others go on? What came with the answer may settle it, or excuse it.
    if (!take_confirms(at, 0ms) || at.is_blocked())
        return;
    for (const event_in_flight& one : window.take_overdue(now - patience))
        refuse(one);
    in_flight = window.size();
    const auto still = window.oldest();
    if (!still || now - *still < patience)
        return;
    const std::string why = "no confirm within " + std::to_string(patience.count()) + " ms";
    refused += window.size();
    throw amqp_error(trouble::too_late, why + " by " + at.node());
}

/// A connection that fell silent would be taken for queues that are in trouble, as far as the exchange's half
/// was confirmed before, and be asked about those for as long again.
void relay::implementation::expect_an_answer(connection& at) {
    at.answer_within(sign_of_life + time_on_the_way());
    at.open_channel(asking);
    at.close_channel(asking);
    at.answer_within(answer_timeout + time_on_the_way());
}

/// What was sent, twice each, may still wait to be read by the broker, and whatever is asked waits behind it.
/// More than this systems don't hold back: the call that sends waits for the rest.
std::chrono::milliseconds relay::implementation::time_on_the_way() const {
    return amqp_connection::time_to_send(std::min(2 * window.body_bytes(), held_back_max));
}

/// A queue that was deleted is made anew.
void relay::implementation::probe(connection& at) {
    const auto due = holds.begin_probes(std::chrono::steady_clock::now(),
                                        [this](std::uint32_t partition) { return window.awaits(partition); });
    for (const auto& [partition, first] : due) {
        const std::string reason = names.declare_work_queue(at, declaring, partition);
        if (reason.empty()) {
            health.mended(names.work_queue(partition));
            if (first)
                outbox.probe(*first);
        } else {
            holds.note_sent(partition);
            hold(partition, first.value_or(0));
            health.trouble(names.work_queue(partition), reason);
        }
    }
}

} // namespace outreachd::amqp
