/// From the ack to the handler, through a broker.
#pragma once

#include "daemon/settings/settings.hpp"
#include "tests/bench/latency_result.hpp"

#include <string>

namespace outreachd::bench {

/// A receiver with its store and a relay, a worker with its store, an intake and a handler that does nothing,
/// as two hosts have them, and both in this process. Measured is the time from a signed event's ack, the
/// moment when it is durable, to the handler's call. Throws std::runtime_error where an event doesn't arrive.
latency_result run_ack_to_handler(const std::string& receiver_directory, const std::string& worker_directory,
                                  const settings::amqp_queue& queue, const latency_plan& plan);

} // namespace outreachd::bench
