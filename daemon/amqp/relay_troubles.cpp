/// What the relay does about queues that take nothing, or say nothing, and about a broker that doesn't
/// answer.
#include "daemon/amqp/relay_implementation.hpp"

#include <algorithm>
#include <initializer_list>
#include <iterator>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::connection;

constexpr auto sign_of_life = 3s; // is waited for so long
constexpr auto exchange_look_pause = 50ms;
constexpr std::size_t held_back_max = 10UL * 1024 * 1024; // Linux: 4 MiB to be sent, 6 MiB to be read

/// Whether the lane hasn't confirmed its half of an event that is overdue.
bool is_owed(const publish_lane& lane, const event_in_flight& one) {
    return std::ranges::any_of(std::initializer_list<const message_half*>{&one.exchange, &one.queue},
                               [&](const message_half* half) {
                                   return half->is == message_half::stage::refused && lane.has(half->channel);
                               });
}

bool owes_any(const publish_lane& lane, const std::vector<event_in_flight>& overdue) {
    return std::ranges::any_of(overdue, [&](const event_in_flight& one) { return is_owed(lane, one); });
}

/// A lane that owes confirms, and has confirmed nothing for long, stands still: nothing is known of the
/// queues of what is awaited there.
bool is_silent(const publish_lane& lane, const std::vector<event_in_flight>& overdue,
               std::chrono::milliseconds patience) {
    return lane.is_silent_since(std::chrono::steady_clock::now() - patience / 2) && owes_any(lane, overdue);
}

} // namespace

/// What waits for its turn to go there is passed over with the rest.
void relay::implementation::hold(std::uint32_t partition, store::sequence at) {
    const bool is_news = !holds.is_held(partition);
    holds.hold(partition, at, std::chrono::steady_clock::now());
    if (const auto first = is_news ? turns.pass_over(partition) : std::nullopt)
        holds.may_send(partition, *first);
}

void relay::implementation::note_taken(std::uint32_t partition) {
    if (!holds.note_taken(partition))
        return;
    want_fresh_working();
    health.mended(names.work_queue(partition));
}

/// A queue that was deleted is made anew.
void relay::implementation::probe(connection& at) {
    const auto due =
        holds.begin_probe(std::chrono::steady_clock::now(), [this](const partition_holds::probe& one) {
            return !window.awaits(one.partition) && outbox.may_try(one);
        });
    if (!due)
        return;
    const std::string reason = names.declare_work_queue(at, declaring, due->partition);
    if (!reason.empty()) {
        hold(due->partition, 0);
        health.trouble(names.work_queue(due->partition), reason);
    } else if (!due->has_refused) {
        health.mended(names.work_queue(due->partition));
    }
}

void relay::implementation::look_at_exchange() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_at_exchange)
        return;
    next_look_at_exchange = now + exchange_look_pause;
    const bool was_behind = lag.is_behind();
    lag.look(now, window.awaits_exchange_since());
    outbox.leave_to_exchange(!lag.may_send(window.awaiting_exchange()));
    if (lag.is_behind() && was_behind)
        return health.remind(names.exchange());
    if (lag.is_behind() == was_behind)
        return;
    for (const std::uint64_t key : window.let_next_go(lag.is_behind()))
        turns.pass(key);
    if (lag.is_behind())
        health.trouble(names.exchange(),
                       "it confirms nothing while the work queues do: a queue that is bound has "
                       "no leader, or no quorum. Events go to the work queues alone for now");
    else
        health.mended(names.exchange());
}

/// Under an alarm the broker doesn't look for our heartbeats, and a queue without a quorum says nothing: only
/// this sees it.
void relay::implementation::check_deadline(connection& at) {
    const auto oldest = window.oldest();
    const auto patience = limits.confirm_timeout + time_on_the_way();
    if (at.is_blocked() || !oldest || std::chrono::steady_clock::now() - *oldest < patience)
        return;
    expect_an_answer(at);
    // Of one queue alone, while others go on? What came with the answer may settle it, or excuse it.
    if (!take_confirms(at, 0ms) || at.is_blocked())
        return;
    auto overdue = window.take_overdue(std::chrono::steady_clock::now() - patience);
    const bool is_exchange_silent = is_silent(copying, overdue, patience);
    const bool is_working_silent = is_silent(working, overdue, patience);
    const bool is_probing_silent = is_silent(probing, overdue, patience);
    // First what must be known whatever fails: their work queues have them.
    for (event_in_flight& one : overdue) {
        if (!one.queue.is_taken())
            continue;
        if (is_exchange_silent) // it is no fault of the event's
            one.exchange.is = message_half::stage::unsent;
        refuse(one);
    }
    if (is_exchange_silent) {
        settle(window.give_up(copying.channel()));
        copying.leave(at);
    }
    if (is_probing_silent)
        probing.leave(at);
    if (is_working_silent)
        leave_working(at, overdue);
    for (const event_in_flight& one : overdue)
        if (!one.queue.is_taken() && !must_begin_anew)
            refuse(one);
    in_flight = window.size();
}

/// A connection that fell silent would be taken for queues that are in trouble.
void relay::implementation::expect_an_answer(connection& at) {
    at.answer_within(sign_of_life + time_on_the_way());
    at.open_channel(asking);
    at.close_channel(asking);
    at.answer_within(answer_timeout + time_on_the_way());
}

/// Not even the confirms of what was taken before are passed on by a channel that stands still. So where
/// events for several queues are awaited they are sent one at a time, to find out at which of them it does.
void relay::implementation::leave_working(connection& at, const std::vector<event_in_flight>& overdue) {
    std::vector<event_in_flight> suspect = window.awaited(working.channel());
    std::ranges::copy_if(overdue, std::back_inserter(suspect),
                         [&](const event_in_flight& one) { return is_owed(working, one); });
    const event_in_flight& first = suspect.back();
    const bool is_known = std::ranges::all_of(
        suspect, [&](const event_in_flight& one) { return one.partition == first.partition; });
    one_at_a_time = is_known ? 0 : suspect.size();
    suspects.clear(); // of another search
    if (is_known) {
        ++refused;
        hold(first.partition, first.at);
        health.trouble(names.work_queue(first.partition), first.queue.refusal);
    }
    for (publish_lane* const lane : lanes) // the others may be as silent soon
        if (owes_any(*lane, overdue) || window.awaits_on(lane->channel()))
            lane->leave(at);
    must_begin_anew = true;
}

/// What was sent, twice each, may still wait to be read by the broker, and whatever is asked waits behind it.
/// More than this systems don't hold back: the call that sends waits for the rest.
std::chrono::milliseconds relay::implementation::time_on_the_way() const {
    return amqp_connection::time_to_send(std::min(2 * bytes_under_way(), held_back_max));
}

} // namespace outreachd::amqp
