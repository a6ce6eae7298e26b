#include "daemon/amqp/relay.hpp"

#include "daemon/amqp/drain_window.hpp"
#include "daemon/amqp/link_thread.hpp"
#include "daemon/amqp/outbox_reader.hpp"
#include "daemon/amqp/partition_holds.hpp"
#include "daemon/amqp/publish_records.hpp"
#include "daemon/amqp/publish_window.hpp"
#include "daemon/amqp/topology.hpp"
#include "daemon/amqp_connection/event_message.hpp"

#include <atomic>
#include <utility>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::amqp_error;
using amqp_connection::connection;
using amqp_connection::trouble;

constexpr std::uint16_t publishing = 1; // channels
constexpr std::uint16_t declaring = 2;
constexpr std::uint16_t asking = 3;

constexpr auto idle_pause = 1s;         // heartbeats are looked after at least so often
constexpr auto confirm_pause = 1ms;     // new events are looked for meanwhile
constexpr auto gathering_pause = 500us; // in a backlog, for confirms that come singly
constexpr auto read_again_after = 500ms;
constexpr auto last_confirms = 2s; // at the stop
constexpr auto sign_of_life = 3s;  // is waited for so long
constexpr std::size_t confirms_at_once = 64;
constexpr std::size_t body_bytes_max = 32UL * 1024 * 1024; // in flight; one is always sent
constexpr std::size_t unrecorded_max = 2048;               // confirmed and not yet committed
constexpr auto fresh_channel_pause = 5s;

constexpr const char* odd_events = "single events";
constexpr const char* alarm = "flow control";

} // namespace

struct relay::implementation : std::enable_shared_from_this<implementation> {
    implementation(const settings::amqp_queue& configured, store::store& backing, log::logger& lines,
                   relay_limits bounds)
        : names(configured), events(backing), log(lines), limits(bounds), health("relay", lines),
          outbox(backing, names, holds), room(bounds.window) {}

    void serve(connection& at);
    void prepare(connection& at);
    void publish_until_stopped(connection& at);
    bool fill(connection& at);
    bool has_room() const;
    bool has_room_for_many() const;
    void send(connection& at, const outgoing_event& next);
    bool take_confirms(connection& at, std::chrono::milliseconds wait);
    void take(const amqp_connection::incoming& what);
    void settle(const publish_window::outcome& what);
    void refuse(const event_in_flight& what);
    void put_off(store::sequence at, std::uint32_t attempts, const std::string& why);
    void use_fresh_channel(connection& at);
    void check_deadline(connection& at);
    void expect_an_answer(connection& at);
    void probe(connection& at);
    void finish(connection& at);

    const topology names;
    store::store& events;
    log::logger& log;
    const relay_limits limits;
    link_health health;
    std::shared_ptr<link_thread> thread;

    // The relay thread's own.
    partition_holds holds;
    outbox_reader outbox;
    publish_window window;
    drain_window room;
    std::shared_ptr<publish_records> records;
    bool wants_fresh_channel = false;
    steady_time next_fresh_channel;
    bool is_quiet = false;         ///< The broker was waited for, and had nothing to tell.
    std::size_t one_at_a_time = 0; ///< So many events: one of them isn't taken by the broker.
    bool has_read_trouble = false;

    std::atomic<bool> has_older = false; ///< Events that were published wait again.
    std::atomic<std::uint64_t> in_flight = 0;
    std::atomic<std::uint64_t> published = 0;
    std::atomic<std::uint64_t> refused = 0;
};

void relay::implementation::serve(connection& at) {
    // What was confirmed must have left the outbox before it is read anew.
    records->hand_over();
    while (records->waiting() > 0 && !thread->is_stopping())
        thread->sleep(read_again_after);
    records->look();
    window.clear();
    in_flight = 0;
    wants_fresh_channel = false;
    outbox.start_over();
    try {
        prepare(at);
        publish_until_stopped(at);
    } catch (const amqp_error& failure) {
        records->hand_over();
        health.mended(alarm);
        if (failure.kind() == trouble::rejected && window.size() == 1) {
            const event_in_flight odd = window.unsettled().front();
            put_off(odd.at, odd.attempts, failure.what());
            one_at_a_time = 0;
        } else if (failure.kind() == trouble::rejected) {
            one_at_a_time = window.size(); // to find out which
        }
        throw;
    }
}

void relay::implementation::prepare(connection& at) {
    at.open_channel(publishing);
    at.open_channel(declaring);
    for (const auto& [partition, reason] : names.declare(at, declaring)) {
        holds.hold(partition, 0, std::chrono::steady_clock::now());
        health.trouble(names.work_queue(partition), reason);
    }
    at.confirm_publishes(publishing);
    holds.begin_channel(names.partitions());
    thread->note_success(at);
}

void relay::implementation::publish_until_stopped(connection& at) {
    while (!thread->is_stopping()) {
        if (thread->take_wake())
            outbox.look_again();
        if (has_older.exchange(false))
            outbox.start_over();
        outbox.forget(records->look());
        room.look(std::chrono::steady_clock::now(), events.accounts().received, published);
        if (wants_fresh_channel && window.size() == 0 && !at.is_blocked())
            use_fresh_channel(at);
        const bool may_send = !at.is_blocked() && (is_quiet || has_room_for_many());
        const bool has_sent = may_send && (probe(at), fill(at));
        const bool has_more = may_send && outbox.has_more() && has_room() && !has_read_trouble;
        if (!has_sent && !has_more && window.size() == 0) {
            if (at.is_blocked())
                health.remind(alarm);
            if (thread->sleep(has_read_trouble ? read_again_after : idle_pause))
                outbox.look_again();
        }
        if (!may_send && outbox.has_more() && window.size() > 0)
            std::this_thread::sleep_for(gathering_pause);
        if (take_confirms(at, has_sent || has_more || window.size() == 0 ? 0ms : confirm_pause))
            check_deadline(at);
    }
    finish(at);
}

bool relay::implementation::has_room() const {
    return !wants_fresh_channel && records->unrecorded() < unrecorded_max &&
           window.size() < (one_at_a_time > 0 ? 1 : room.size()) &&
           (window.size() == 0 || window.body_bytes() < body_bytes_max);
}

/// A broker that confirms singly would have us send singly.
bool relay::implementation::has_room_for_many() const {
    return window.size() == 0 || window.size() + room.size() / 8 <= room.size();
}

/// Sends what there is room for. True where something was sent.
bool relay::implementation::fill(connection& at) {
    if (!has_room())
        return false;
    bool has_sent = false;
    const amqp_connection::corked together(at); // a packet for many
    while (has_room() && !thread->is_stopping()) {
        const auto next = outbox.next([this](store::sequence place) { return window.holds(place); });
        if (!next && !has_read_trouble)
            log.error("the outbox can't be read; trying again", {{"cause", next.error().message()}});
        has_read_trouble = !next;
        if (!next || !*next)
            return has_sent;
        if ((*next)->subject)
            send(at, **next);
        else
            records->bury((*next)->at);
        has_sent = true;
    }
    return has_sent;
}

void relay::implementation::send(connection& at, const outgoing_event& next) {
    if (window.holds(next.subject->id) || records->is_unrecorded(next.subject->id))
        return; // it has come back by its queue before its confirm
    const auto what = amqp_connection::to_message(*next.subject);
    event_in_flight sent;
    sent.id = next.subject->id;
    sent.at = next.at;
    sent.attempts = next.attempts;
    sent.partition = next.partition;
    sent.bytes = what.body.size();
    sent.sent_at = std::chrono::steady_clock::now();
    try {
        sent.exchange_tag = at.publish(publishing, {names.exchange(), what.type, false, &what});
        sent.queue_tag = at.publish(publishing, {"", names.work_queue(next.partition), true, &what});
    } catch (const amqp_error& failure) {
        if (failure.kind() != trouble::unusable)
            throw;
        return put_off(next.at, next.attempts, failure.what());
    }
    holds.note_sent(next.partition);
    window.add(std::move(sent));
    in_flight = window.size();
    if (log.is_enabled(log::level::debug))
        log.debug("event sent to the broker", {{"event_id", to_string(next.subject->id)},
                                               {"source", next.subject->source},
                                               {"queue", names.work_queue(next.partition)}});
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
    if (outbox.has_more() && !at.is_blocked() && !thread->is_stopping())
        records->hand_over_many();
    else
        records->hand_over();
    return is_all;
}

void relay::implementation::take(const amqp_connection::incoming& what) {
    if (const auto* confirm = std::get_if<amqp_connection::confirmed>(&what)) {
        settle(window.confirm(*confirm));
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
        if (holds.note_taken(one.partition))
            health.mended(names.work_queue(one.partition));
        if (one.attempts > 0)
            health.mended(odd_events);
        if (one_at_a_time > 0)
            --one_at_a_time;
    }
    published += what.published.size();
    for (const event_in_flight& one : what.refused)
        refuse(one);
    in_flight = window.size();
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
        return put_off(what.at, what.attempts, names.exchange() + ": " + what.exchange_refusal);
    }
    ++refused;
    const auto now = std::chrono::steady_clock::now();
    // RabbitMQ 3.10 remembers for a channel that a quorum queue refused, sometimes beyond the cause.
    if (holds.is_probing(what.partition) && now >= next_fresh_channel)
        wants_fresh_channel = true;
    holds.hold(what.partition, what.at, now);
    health.trouble(names.work_queue(what.partition), what.refusal);
}

void relay::implementation::use_fresh_channel(connection& at) {
    at.close_channel(publishing);
    at.open_channel(publishing);
    at.confirm_publishes(publishing);
    holds.begin_channel(names.partitions());
    wants_fresh_channel = false;
    next_fresh_channel = std::chrono::steady_clock::now() + fresh_channel_pause;
}

/// Under an alarm the broker doesn't look for our heartbeats, and a queue without a quorum says nothing: only
/// this sees it.
void relay::implementation::check_deadline(connection& at) {
    const auto oldest = window.oldest();
    const auto now = std::chrono::steady_clock::now();
    if (at.is_blocked() || !oldest || now - *oldest < limits.confirm_timeout)
        return;
    expect_an_answer(at);
    // Of one queue alone, while others go on? What came with the answer may settle it, or excuse it.
    if (!take_confirms(at, 0ms) || at.is_blocked())
        return;
    for (const event_in_flight& one : window.take_overdue(now - limits.confirm_timeout))
        refuse(one);
    in_flight = window.size();
    const auto still = window.oldest();
    if (!still || now - *still < limits.confirm_timeout)
        return;
    const std::string why = "no confirm within " + std::to_string(limits.confirm_timeout.count()) + " ms";
    refused += window.size();
    throw amqp_error(trouble::too_late, why + " by " + at.node());
}

/// A connection that fell silent would be taken for queues that are in trouble, as far as the exchange's half
/// was confirmed before, and be asked about those for as long again.
void relay::implementation::expect_an_answer(connection& at) {
    at.answer_within(sign_of_life);
    at.open_channel(asking);
    at.close_channel(asking);
    at.answer_within(amqp_connection::options{}.answer_timeout);
}

/// A queue that was deleted is made anew.
void relay::implementation::probe(connection& at) {
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [partition, first] : holds.begin_probes(now)) {
        const std::string reason = names.declare_work_queue(at, declaring, partition);
        if (reason.empty()) {
            health.mended(names.work_queue(partition));
            if (first)
                outbox.probe(*first);
        } else {
            holds.note_sent(partition);
            holds.hold(partition, first.value_or(0), now);
            health.trouble(names.work_queue(partition), reason);
        }
    }
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
    own.records = std::make_shared<publish_records>(events, [thread = &own.thread] { (*thread)->wake(); });
    own.thread = std::make_shared<link_thread>(connection_options(configured.nodes, "outreachd relay"),
                                               own.health, [&own](connection& at) { own.serve(at); });
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
