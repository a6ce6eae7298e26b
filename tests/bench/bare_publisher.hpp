/// The broker's own limit: the relay's two publishes of each event, and nothing else.
#pragma once

#include "daemon/amqp/topology.hpp"
#include "daemon/amqp_connection/connection.hpp"
#include "daemon/settings/settings.hpp"
#include "tests/bench/event_flow.hpp"
#include "tests/bench/latency_result.hpp"
#include "tests/bench/pair_confirms.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace outreachd::bench {

/// An event as a message, and the work queue it goes to.
struct ready_message {
    amqp_connection::message what;
    std::uint32_t partition = 0;
};

/// Publishes over the daemon's own connection, to the topic exchange and, mandatory, to the work queue. What
/// isn't as it should be (returned, refused, blocked, nothing for half a minute) throws std::runtime_error.
/// One thread.
class bare_publisher {
public:
    /// Connects, and declares what the daemon does.
    explicit bare_publisher(const settings::amqp_queue& queue);

    /// As the relay makes it.
    ready_message make(std::uint64_t id, std::size_t body_bytes) const;
    void publish(const ready_message& next);
    /// Takes the confirms that are there. Waits for the first one, at most so long.
    void take_confirms(std::chrono::milliseconds at_most);

    const pair_confirms& confirms() const { return confirms_; }

    /// Latencies count from now on.
    void end_warm_up() { confirms_.restart_latency(); }

private:
    void take(const amqp_connection::incoming& what);

    const amqp::topology names_;
    amqp_connection::watchdog guard_;
    amqp_connection::connection at_;
    pair_confirms confirms_;
    pair_confirms::clock::time_point last_heard_;
};

/// As fast as the broker confirms, with a window's worth of events in flight; the messages are made before.
/// Afterwards all of the plan's stand in the work queues, each of an id of its own.
flow_result run_bare(const settings::amqp_queue& queue, const flow_plan& plan);

/// At a steady rate: from publish to confirm.
latency_result run_bare_at_rate(const settings::amqp_queue& queue, const latency_plan& plan);

} // namespace outreachd::bench
