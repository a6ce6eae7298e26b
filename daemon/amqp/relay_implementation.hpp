/// Inside of the relay, for its own sources.
#pragma once

#include "daemon/amqp/drain_pace.hpp"
#include "daemon/amqp/exchange_lag.hpp"
#include "daemon/amqp/link_thread.hpp"
#include "daemon/amqp/outbox_reader.hpp"
#include "daemon/amqp/partition_holds.hpp"
#include "daemon/amqp/publish_lane.hpp"
#include "daemon/amqp/publish_records.hpp"
#include "daemon/amqp/publish_window.hpp"
#include "daemon/amqp/relay.hpp"
#include "daemon/amqp/resource_turns.hpp"
#include "daemon/amqp/topology.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace outreachd::amqp {

/// `serve` and what it calls run on the relay's thread; others look at the atomics and at `health`.
struct relay::implementation : std::enable_shared_from_this<implementation> {
    implementation(const settings::amqp_queue& configured, store::store& backing, log::logger& lines,
                   relay_limits bounds)
        : names(configured), events(backing), log(lines), limits(bounds), health("relay", lines),
          outbox(backing, names, holds, turns), pace(bounds.window) {}

    void serve(amqp_connection::connection& at);
    void prepare(amqp_connection::connection& at);
    void begin_anew(amqp_connection::connection& at);
    void publish_until_stopped(amqp_connection::connection& at);
    void look_around(amqp_connection::connection& at);
    void want_fresh_working();
    void renew_lanes(amqp_connection::connection& at);
    bool fill(amqp_connection::connection& at);
    std::chrono::milliseconds idle_time() const;
    void note_read(const error_code& ec);
    std::size_t room_taken() const;
    std::size_t bytes_under_way() const;
    bool has_room() const;
    bool has_room_for_many() const;
    void send(amqp_connection::connection& at, const outgoing_event& next);
    void publish(amqp_connection::connection& at, const event& what, event_in_flight& into);
    bool take_confirms(amqp_connection::connection& at, std::chrono::milliseconds wait);
    void take(const amqp_connection::incoming& what);
    void settle(const publish_window::outcome& what);
    void note_settled();
    void pass_turn(const event_in_flight& one);
    void finish(amqp_connection::connection& at);

    // Events that aren't taken (relay_refusals).
    bool look_for_odd_event(amqp_connection::connection& at, const amqp_connection::amqp_error& failure);
    void ask_leave_to_publish(amqp_connection::connection& at);
    void put_off_odd(amqp_connection::connection& at, const event_id& odd, const std::string& why);
    void put_off(const event_in_flight& what, const std::string& why);
    void tell_of_put_off();
    void refuse(const event_in_flight& what);

    // Queues that take nothing, or say nothing (relay_troubles).
    void hold(std::uint32_t partition, store::sequence at);
    void note_taken(std::uint32_t partition);
    void probe(amqp_connection::connection& at);
    void look_at_exchange();
    void check_deadline(amqp_connection::connection& at);
    void expect_an_answer(amqp_connection::connection& at);
    void leave_working(amqp_connection::connection& at, const std::vector<event_in_flight>& overdue);
    std::chrono::milliseconds time_on_the_way() const;

    static constexpr std::uint16_t declaring = 1; // channels
    static constexpr std::uint16_t asking = 2;
    static constexpr std::uint16_t first_lane = 16;
    static constexpr const char* odd_events = "single events"; // what may be in trouble, beside queues
    static constexpr const char* alarm = "flow control";

    const topology names;
    store::store& events;
    log::logger& log;
    const relay_limits limits;
    const std::chrono::milliseconds answer_timeout = amqp_connection::options{}.answer_timeout;
    link_health health;
    std::shared_ptr<link_thread> thread;

    // The relay thread's own.
    partition_holds holds;
    resource_turns turns;
    outbox_reader outbox;
    publish_window window;
    drain_pace pace;
    publish_lane working{first_lane};                              ///< To the work queues.
    publish_lane probing{first_lane + publish_lane::channels};     ///< To those that are held.
    publish_lane copying{first_lane + 2 * publish_lane::channels}; ///< To the exchange.
    const std::array<publish_lane*, 3> lanes{&working, &probing, &copying};
    exchange_lag lag;
    std::shared_ptr<publish_records> records;
    bool has_published = false; ///< Since all began anew.
    bool was_denied = false;    ///< A publish, since another one was taken.
    /// RabbitMQ 3.10 remembers for a channel that a quorum queue refused, sometimes beyond the cause.
    /// Where `working` is to have a fresh channel: by then this one is left though it still owes confirms.
    std::optional<steady_time> fresh_working_by;
    bool wants_fresh_probing = false;
    bool must_begin_anew = false;
    steady_time next_look_at_put_off;
    steady_time next_look_at_exchange;
    bool is_quiet = false; ///< The broker was waited for, and had nothing to tell.
    /// So many events: one of them isn't taken by the broker, or goes to a queue at which its channel stands
    /// still.
    std::size_t one_at_a_time = 0;
    std::vector<store::sequence> suspects; ///< Those.
    std::minstd_rand random{std::random_device{}()};
    error_code read_trouble; ///< Of the last read.

    std::atomic<bool> has_older = false; ///< Events that were published wait again.
    std::atomic<std::uint64_t> in_flight = 0;
    std::atomic<std::uint64_t> published = 0;
    std::atomic<std::uint64_t> refused = 0;
};

} // namespace outreachd::amqp
