#include "daemon/amqp/relay.hpp"

#include "daemon/amqp/relay_implementation.hpp"
#include "daemon/amqp_connection/event_message.hpp"

#include <utility>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::amqp_error;
using amqp_connection::connection;
using amqp_connection::trouble;

constexpr auto idle_pause = 1s;          // heartbeats are looked after at least so often
constexpr auto confirm_pause = 1ms;      // new events are looked for meanwhile
constexpr auto gathering_pause = 500us;  // in a backlog, for confirms that come singly
constexpr auto blocked_pause = 100ms;    // for the word that it is over
constexpr auto read_again_after = 500ms; // or a queue that is held may be tried
constexpr auto last_confirms = 2s;       // at the stop
constexpr auto fresh_channel_pause = 200ms;
constexpr std::size_t confirms_at_once = 64;
constexpr std::size_t body_bytes_max = 32UL * 1024 * 1024; // in flight; one is always sent
constexpr std::size_t unrecorded_max = 2048;               // confirmed and not yet committed

} // namespace

void relay::implementation::serve(connection& at) {
    prepare(at);
    while (!thread->is_stopping()) {
        try {
            begin_anew(at);
            publish_until_stopped(at);
        } catch (const amqp_error& failure) {
            records->hand_over();
            if (thread->is_stopping() || !look_for_odd_event(at, failure)) {
                health.mended(alarm);
                throw;
            }
        }
    }
}

void relay::implementation::prepare(connection& at) {
    at.open_channel(declaring);
    for (const auto& [partition, reason] : names.declare(at, declaring)) {
        holds.hold(partition, 0, std::chrono::steady_clock::now());
        health.trouble(names.work_queue(partition), reason);
    }
    for (publish_lane* const lane : lanes)
        lane->forget();
    thread->note_connected(at);
}

/// From the first event that isn't confirmed.
void relay::implementation::begin_anew(connection& at) {
    // What was confirmed must have left the outbox before it is read anew.
    records->hand_over();
    while (records->waiting() > 0 && !thread->is_stopping()) {
        thread->sleep(read_again_after);
        at.keep_alive();
    }
    records->look();
    window.clear();
    in_flight = 0;
    turns.clear();
    outbox.start_over();
    if (one_at_a_time > 0) // whatever waits behind them
        for (const store::sequence place : suspects)
            outbox.read_first(place);
    holds.forget_probes();
    for (publish_lane* const lane : lanes)
        lane->open_anew(at);
    has_published = wants_fresh_probing = must_begin_anew = false;
    fresh_working_by.reset();
    if (was_denied)
        ask_leave_to_publish(at);
}

/// Or until all is to begin anew.
void relay::implementation::publish_until_stopped(connection& at) {
    while (!thread->is_stopping() && !must_begin_anew) {
        look_around(at);
        if (at.is_blocked()) {
            health.remind(alarm);
            take_confirms(at, blocked_pause);
            continue;
        }
        const bool may_send = is_quiet || has_room_for_many();
        bool has_sent = false;
        if (may_send) {
            probe(at);
            has_sent = fill(at);
        }
        const bool has_more = may_send && outbox.has_more() && has_room() && !read_trouble;
        if (!has_sent && !has_more && window.size() == 0 && thread->sleep(idle_time()))
            outbox.look_again();
        if (!may_send && outbox.has_more() && window.size() > 0)
            std::this_thread::sleep_for(gathering_pause);
        if (take_confirms(at, has_sent || has_more || window.size() == 0 ? 0ms : confirm_pause))
            check_deadline(at);
    }
    if (!must_begin_anew)
        finish(at);
}

/// How long to wait with nothing on its way, where nobody wakes the thread.
std::chrono::milliseconds relay::implementation::idle_time() const {
    if (outbox.has_more() && !pace.may_send() && !read_trouble)
        return pace.pause();
    return read_trouble || holds.has_any() ? read_again_after : idle_pause;
}

/// What has changed since the last time.
void relay::implementation::look_around(connection& at) {
    if (thread->take_wake())
        outbox.look_again();
    if (has_older.exchange(false))
        outbox.start_over();
    outbox.forget(records->look());
    tell_of_put_off();
    at.answer_within(answer_timeout + time_on_the_way());
    if (at.is_blocked())
        return;
    pace.look(std::chrono::steady_clock::now(), events.accounts().received);
    look_at_exchange();
    renew_lanes(at);
}

void relay::implementation::want_fresh_working() {
    if (!fresh_working_by)
        fresh_working_by = std::chrono::steady_clock::now() + fresh_channel_pause;
}

/// A queue that says nothing doesn't keep others from a fresh channel.
void relay::implementation::renew_lanes(connection& at) {
    if (fresh_working_by && !window.awaits_on(working.channel())) {
        working.open_anew(at);
        fresh_working_by.reset();
    } else if (fresh_working_by && std::chrono::steady_clock::now() >= *fresh_working_by) {
        working.leave(at);
        fresh_working_by.reset();
    }
    if (wants_fresh_probing && !window.awaits_on(probing.channel())) {
        probing.open_anew(at);
        wants_fresh_probing = false;
    }
    for (publish_lane* const lane : lanes)
        lane->close_left(at, [this](std::uint16_t channel) { return window.awaits_on(channel); });
}

/// What waits for an exchange that is behind takes no room from others.
std::size_t relay::implementation::room_taken() const {
    return window.size() - (lag.is_behind() ? window.awaiting_exchange() : 0);
}

std::size_t relay::implementation::bytes_under_way() const {
    return window.body_bytes() - (lag.is_behind() ? window.bytes_awaiting_exchange() : 0);
}

bool relay::implementation::has_room() const {
    return !fresh_working_by && pace.may_send() && records->unrecorded() < unrecorded_max &&
           room_taken() < (one_at_a_time > 0 ? 1 : limits.window) && bytes_under_way() < body_bytes_max;
}

/// A broker that confirms singly would have us send singly.
bool relay::implementation::has_room_for_many() const {
    return room_taken() == 0 || room_taken() + limits.window / 8 <= limits.window;
}

/// Sends what there is room for. True where something was sent.
bool relay::implementation::fill(connection& at) {
    if (!has_room())
        return false;
    bool has_sent = false;
    const events_under_way others{
        [this](store::sequence place) { return window.holds(place) || records->is_buried(place); },
        [this](const event_id& id) { return window.holds(id) || records->is_unrecorded(id); }};
    const amqp_connection::corked together(at); // a packet for many
    while (has_room() && !thread->is_stopping()) {
        const auto next = outbox.next(others);
        note_read(next ? error_code{} : next.error());
        if (!next || !*next)
            return has_sent;
        if ((*next)->subject) {
            send(at, **next);
        } else {
            records->bury((*next)->at);
            turns.pass((*next)->ordering_key);
        }
        has_sent = true;
    }
    return has_sent;
}

/// Logs when reading fails and when it works again. Why it fails the store tells itself.
void relay::implementation::note_read(const error_code& ec) {
    if (ec == read_trouble)
        return;
    if (ec == errc::being_carried_over)
        log.info("the outbox waits for what is carried over from an older database file");
    else if (ec)
        log.warn("the outbox waits until the store can be read again", {{"cause", ec.message()}});
    else if (read_trouble == errc::being_carried_over)
        log.info("the outbox goes on: what isn't finished has been carried over");
    else
        log.info("the outbox can be read again");
    read_trouble = ec;
}

void relay::implementation::send(connection& at, const outgoing_event& next) {
    event_in_flight sent;
    sent.id = next.subject->id;
    sent.at = next.at;
    sent.attempts = next.attempts;
    sent.partition = next.partition;
    sent.ordering_key = next.ordering_key;
    sent.bytes = next.subject->body.size();
    if (next.is_in_work_queue)
        sent.queue.is = message_half::stage::taken;
    at.answer_within(answer_timeout + time_on_the_way() + amqp_connection::time_to_send(sent.bytes));
    try {
        publish(at, *next.subject, sent);
    } catch (const amqp_error& failure) {
        if (failure.kind() != trouble::unusable)
            throw;
        put_off(sent, failure.what());
        return turns.pass(next.ordering_key);
    }
    if (next.is_in_work_queue) { // whatever the exchange says
        turns.pass(next.ordering_key);
        sent.has_turn = false;
    }
    pace.note_sent();
    sent.sent_at = std::chrono::steady_clock::now();
    if (!sent.exchange.is_awaited() && !sent.queue.is_awaited()) // the exchange has fallen behind meanwhile
        return outbox.expect_exchange();
    if (sent.queue.is_awaited())
        holds.note_sent(next.partition, next.at);
    window.add(std::move(sent));
    in_flight = window.size();
    if (log.is_enabled(log::level::debug))
        log.debug("event sent to the broker", {{"event_id", to_string(next.subject->id)},
                                               {"source", next.subject->source},
                                               {"queue", names.work_queue(next.partition)}});
}

/// Each half on its lane. Where a field is too long nothing is sent: both have the same.
void relay::implementation::publish(connection& at, const event& what, event_in_flight& into) {
    const auto message = amqp_connection::to_message(what);
    const auto send_half = [&](message_half& half, const publish_lane& lane, std::string exchange,
                               std::string key, bool is_mandatory) {
        half.channel = lane.channel();
        half.tag = at.publish(half.channel, {std::move(exchange), std::move(key), is_mandatory, &message});
        half.is = message_half::stage::awaited;
    };
    // A queue that is tried again may refuse it: other programs would get it with each try.
    const bool is_probe = !into.queue.is_taken() && holds.is_held(into.partition);
    const std::size_t waiting = window.awaiting_exchange();
    if (is_probe)
        into.exchange.refusal = "not sent there while its work queue was tried";
    else if (lag.may_send(waiting) && (one_at_a_time == 0 || waiting == 0))
        send_half(into.exchange, copying, names.exchange(), message.type, false);
    else
        into.exchange.refusal = "not sent there while it confirms nothing";
    if (!into.queue.is_taken())
        send_half(into.queue, is_probe ? probing : working, "", names.work_queue(into.partition), true);
}

/// True where all that has come was taken.
bool relay::implementation::take_confirms(connection& at, std::chrono::milliseconds wait) {
    auto came = at.next(wait);
    std::size_t count = 0;
    for (; came && count < confirms_at_once; ++count) {
        take(*came);
        came = at.next(0ms);
    }
    const bool is_all = !came;
    is_quiet = count == 0 && is_all && wait > 0ms;
    if (came)
        take(*came);
    // In a backlog a commit for each turn would take the disk from the broker's own; else somebody may wait.
    if (outbox.has_backlog() && !at.is_blocked() && !thread->is_stopping())
        records->hand_over_many();
    else
        records->hand_over();
    return is_all;
}

void relay::implementation::take(const amqp_connection::incoming& what) {
    if (const auto* confirm = std::get_if<amqp_connection::confirmed>(&what)) {
        const auto now = std::chrono::steady_clock::now();
        for (publish_lane* const lane : lanes)
            if (lane->has(confirm->channel))
                lane->note_confirm(now);
        if (copying.has(confirm->channel))
            lag.note_confirm();
        settle(window.confirm(*confirm, now));
    } else if (const auto* back = std::get_if<amqp_connection::returned>(&what)) {
        window.note_returned(*back);
    } else if (const auto* stop = std::get_if<amqp_connection::blocked>(&what)) {
        health.trouble(alarm, "the broker takes no more for now: " + stop->reason);
    } else if (std::holds_alternative<amqp_connection::unblocked>(what)) {
        window.restart_clock(std::chrono::steady_clock::now());
        health.mended(alarm);
    }
}

void relay::implementation::settle(const publish_window::outcome& what) {
    for (const event_in_flight& one : what.published) {
        records->note_confirmed(one.id);
        pass_turn(one);
        note_settled();
    }
    if (!what.published.empty()) {
        has_published = true;
        was_denied = false;
        thread->note_success();
    }
    published += what.published.size();
    for (const std::uint32_t partition : what.taking_partitions)
        note_taken(partition);
    for (const event_in_flight& one : what.refused)
        refuse(one);
    for (const std::uint64_t key : what.passed)
        turns.pass(key);
    in_flight = window.size();
}

void relay::implementation::note_settled() {
    if (one_at_a_time > 0)
        --one_at_a_time;
}

/// Unless it has passed before.
void relay::implementation::pass_turn(const event_in_flight& one) {
    if (one.has_turn)
        turns.pass(one.ordering_key);
}

void relay::implementation::finish(connection& at) {
    const auto until = std::chrono::steady_clock::now() + last_confirms;
    while (window.size() > 0 && std::chrono::steady_clock::now() < until && !at.is_blocked())
        take_confirms(at, confirm_pause);
}

relay::relay(const settings::amqp_queue& configured, store::store& events, log::logger& log,
             relay_limits limits)
    : implementation_(std::make_shared<implementation>(configured, events, log, limits)) {
    auto& own = *implementation_;
    own.thread = std::make_shared<link_thread>(connection_options(configured.nodes, "outreachd relay"),
                                               own.health, [&own](connection& at) { own.serve(at); });
    // The store may tell of the last commits when the relay is gone.
    own.records = std::make_shared<publish_records>(events, [thread = own.thread] { thread->wake(); });
}

relay::~relay() {
    begin_stop();
    finish_stop(std::chrono::steady_clock::now() + 1s);
}

void relay::start() {
    auto& own = *implementation_;
    own.events.on_outbox([self = implementation_](bool has_older) {
        if (has_older)
            self->has_older = true;
        self->thread->wake();
    });
    own.thread->start();
}

void relay::begin_stop() {
    implementation_->thread->begin_stop();
}

bool relay::finish_stop(steady_time until) {
    implementation_->events.on_outbox(nullptr);
    return implementation_->thread->finish_stop(until);
}

std::vector<std::string> relay::problems() const {
    return implementation_->health.problems();
}

relay_figures relay::figures() const {
    const auto& own = *implementation_;
    return {own.health.is_connected(), own.health.node(), own.in_flight, own.published, own.refused};
}

} // namespace outreachd::amqp
