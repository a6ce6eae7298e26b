#include "daemon/amqp/intake.hpp"

#include "daemon/amqp/held_queues.hpp"
#include "daemon/amqp/intake_batch.hpp"
#include "daemon/amqp/link_thread.hpp"
#include "daemon/amqp/topology.hpp"
#include "daemon/amqp_connection/event_message.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::amqp_error;
using amqp_connection::connection;

constexpr auto idle_wait = 100ms;
constexpr auto commit_wait = 1ms; // for a message, while a commit is waited for
constexpr auto last_acks = 2s;    // at the stop
constexpr std::chrono::milliseconds store_patience = 5s;
constexpr std::chrono::milliseconds store_look = 500ms;
/// RabbitMQ gives a silent worker up after two to three times that: within 9 s others may take its queues.
constexpr auto heartbeat = 3s;
/// Of bodies, in front of a broker's answer.
constexpr std::size_t read_ahead_max = 512UL * 1024 * 1024;

amqp_connection::options intake_options(const settings::amqp_nodes& nodes) {
    amqp_connection::options how = connection_options(nodes, "outreachd intake");
    how.heartbeat = heartbeat;
    return how;
}

} // namespace

struct intake::implementation : std::enable_shared_from_this<implementation> {
    implementation(const settings::amqp_queue& configured, store::store& backing, log::logger& lines,
                   store::routing_of decide, unfinished_up_to busy)
        : names(configured), events(backing), log(lines), route(std::move(decide)),
          has_unfinished(std::move(busy)), health("intake", lines) {}

    void serve(connection& at);
    void leave(connection& at, held_queues& held);
    void turn(connection& at, held_queues& held);

    /// Whether the broker may be asked, where all that is on its way to us is read first. With large bodies,
    /// and a disk that lags, only once all of it was read.
    bool may_ask() const {
        return !batches.is_full() &&
               (is_all_read || largest_body * held_queues::messages_ahead_max <= read_ahead_max);
    }

    bool takes_store_nothing_in();

    void take_messages(connection& at, held_queues& held, std::chrono::milliseconds wait);
    void take(amqp_connection::incoming what, held_queues& held);
    void hand_over();
    void ack_committed(connection& at, held_queues& held);
    void ack(connection& at, held_queues& held, std::uint16_t channel, std::uint64_t tag);
    void show(std::vector<std::uint32_t> partitions);

    const topology names;
    store::store& events;
    log::logger& log;
    const store::routing_of route;
    const unfinished_up_to has_unfinished;
    link_health health;
    std::shared_ptr<link_thread> thread;

    // The intake thread's own.
    intake_batches batches;
    std::optional<steady_time> carries_since;
    bool is_all_read = false;     ///< The last time that it waited for something, nothing came.
    std::size_t largest_body = 0; ///< Since nothing was.

    std::atomic<std::uint64_t> taken = 0;
    std::atomic<std::uint64_t> repeats = 0;
    mutable std::mutex mutex; ///< Guards all below.
    std::vector<std::uint64_t> committed;
    std::vector<std::uint32_t> shown;
    steady_time leave_by; ///< At the stop.
};

void intake::implementation::serve(connection& at) {
    batches.forget();
    while (takes_store_nothing_in() && !thread->is_stopping()) {
        thread->sleep(store_look);
        at.keep_alive();
    }
    try {
        held_queues held(at, names, health, batches, events, has_unfinished);
        thread->note_connected(at);
        while (!thread->is_stopping()) {
            if (may_ask() && held.look_around())
                show(held.partitions());
            turn(at, held);
            if (takes_store_nothing_in()) // others may take the queues
                throw amqp_error(amqp_connection::trouble::lost,
                                 "the connection is given up: the store takes nothing in for now, and "
                                 "messages wait for it");
        }
        leave(at, held);
    } catch (const amqp_error&) {
        show({});
        throw;
    }
}

/// Deliveries go on meanwhile.
void intake::implementation::leave(connection& at, held_queues& held) {
    const auto acked_by = std::chrono::steady_clock::now() + last_acks;
    at.answer_within(last_acks); // a broker that hangs mustn't hold up the end
    while (!may_ask() && std::chrono::steady_clock::now() < acked_by)
        turn(at, held);
    held.give_all_back();
    show({});
    steady_time left_by;
    {
        const std::lock_guard lock(mutex);
        left_by = leave_by;
    }
    const auto is_time_left = [&] {
        const auto now = std::chrono::steady_clock::now();
        return now < left_by || (batches.has_unacked() && now < acked_by);
    };
    do {
        turn(at, held); // what came before the consumers ended is here by now
        if (may_ask())
            held.let_go();
    } while (held.has_any() && is_time_left() && !takes_store_nothing_in());
}

/// For a while now: it can't write, or is to carry over first what an older file holds.
bool intake::implementation::takes_store_nothing_in() {
    const auto now = std::chrono::steady_clock::now();
    if (!events.is_carrying_over())
        carries_since.reset();
    else if (!carries_since)
        carries_since = now;
    return events.stalled_for().value_or(0ms) > store_patience ||
           (carries_since && now - *carries_since > store_patience);
}

void intake::implementation::turn(connection& at, held_queues& held) {
    if (batches.is_full()) {
        at.keep_alive();
        std::this_thread::sleep_for(commit_wait);
    } else {
        take_messages(at, held, batches.has_unacked() ? commit_wait : idle_wait);
    }
    hand_over();
    ack_committed(at, held);
}

void intake::implementation::take_messages(connection& at, held_queues& held,
                                           std::chrono::milliseconds wait) {
    try {
        auto came = at.next(wait);
        is_all_read = !came;
        for (; came && !batches.is_full(); came = at.next(0ms))
            take(std::move(*came), held);
        if (is_all_read)
            largest_body = 0;
        if (came)
            take(std::move(*came), held);
    } catch (const amqp_error& failure) {
        if (!held.is_open(failure.closed_channel()))
            throw;
        held.note_closed(failure.closed_channel(), failure.what());
    }
}

void intake::implementation::take(amqp_connection::incoming what, held_queues& held) {
    if (auto* message = std::get_if<amqp_connection::delivered>(&what)) {
        if (!held.is_open(message->channel)) {
            log.warn("a message that isn't an event's way is left alone",
                     {{"queue", message->consumer}, {"message_id", message->what.message_id}});
            return;
        }
        held.note_delivered(message->channel);
        largest_body = std::max(largest_body, message->what.body.size());
        const std::uint16_t channel = message->channel;
        const std::uint64_t tag = message->tag;
        batches.add(
            channel, tag,
            std::make_shared<const event>(amqp_connection::to_event(std::move(*message), wall_now())));
    } else if (const auto* ended = std::get_if<amqp_connection::consumer_cancelled>(&what)) {
        log.warn("the broker has ended a consumer: its queue was deleted, or has another leader",
                 {{"queue", ended->consumer}});
        held.note_cancelled(*ended);
    } else if (const auto* given_back = std::get_if<amqp_connection::consumer_ended>(&what)) {
        held.note_ended(given_back->channel);
    }
}

void intake::implementation::hand_over() {
    while (batches.may_hand_over()) {
        auto batch = batches.hand_over();
        const std::uint64_t size = batch.events.size();
        events.take_in(std::move(batch.events), route,
                       [self = shared_from_this(), number = batch.number, size](std::uint64_t fresh) {
                           self->taken += fresh;
                           self->repeats += size - fresh;
                           const std::lock_guard lock(self->mutex);
                           self->committed.push_back(number);
                       });
    }
}

void intake::implementation::ack_committed(connection& at, held_queues& held) {
    std::vector<std::uint64_t> done;
    {
        const std::lock_guard lock(mutex);
        done.swap(committed);
    }
    for (const std::uint64_t number : done)
        for (const auto& [channel, tag] : batches.committed(number))
            if (held.is_open(channel))
                ack(at, held, channel, tag);
}

/// The broker may have closed the channel, and nobody was told yet: what came on it comes again.
void intake::implementation::ack(connection& at, held_queues& held, std::uint16_t channel,
                                 std::uint64_t tag) {
    try {
        at.ack(channel, tag, true);
        thread->note_success();
    } catch (const amqp_error& failure) {
        if (failure.closed_channel() != channel)
            throw;
        held.note_closed(channel, failure.what());
    }
}

void intake::implementation::show(std::vector<std::uint32_t> partitions) {
    const std::lock_guard lock(mutex);
    if (shown == partitions)
        return;
    std::string listed;
    for (const std::uint32_t one : partitions)
        listed += (listed.empty() ? "" : " ") + std::to_string(one);
    log.info("this worker's work queues", {{"partitions", listed}});
    shown = std::move(partitions);
}

intake::intake(const settings::amqp_queue& configured, store::store& events, log::logger& log,
               store::routing_of route, std::function<bool(store::sequence)> has_unfinished)
    : implementation_(std::make_shared<implementation>(configured, events, log, std::move(route),
                                                       std::move(has_unfinished))) {
    auto& own = *implementation_;
    own.thread = std::make_shared<link_thread>(intake_options(configured.nodes), own.health,
                                               [&own](connection& at) { own.serve(at); });
}

intake::~intake() {
    begin_stop();
    finish_stop(std::chrono::steady_clock::now() + 1s);
}

void intake::start() {
    implementation_->thread->start();
}

void intake::begin_stop(steady_time leave_by) {
    {
        const std::lock_guard lock(implementation_->mutex);
        implementation_->leave_by = leave_by;
    }
    implementation_->thread->begin_stop();
}

bool intake::finish_stop(steady_time until) {
    return implementation_->thread->finish_stop(until);
}

std::vector<std::string> intake::problems() const {
    return implementation_->health.problems();
}

intake_figures intake::figures() const {
    const auto& own = *implementation_;
    const std::lock_guard lock(own.mutex);
    return {own.health.is_connected(), own.health.node(), own.shown, own.taken, own.repeats};
}

} // namespace outreachd::amqp
