/// The daemon's two links to a broker, each by itself, as fast as they go.
#pragma once

#include "daemon/settings/settings.hpp"
#include "tests/bench/event_flow.hpp"

#include <string>

namespace outreachd::bench {

/// Opens the store in `directory`, in whose outbox the plan's events wait, and starts a relay on it as the
/// daemon does; counts those that the store has recorded as published. Throws std::runtime_error where
/// anything is refused, or isn't done in ten minutes.
flow_result run_relay(const std::string& directory, const settings::amqp_queue& queue, const flow_plan& plan);

/// Starts an intake on the store in `directory`, with the plan's events in the work queues; counts those that
/// are stored, routed to a handler that nobody runs. Throws as above.
flow_result run_intake(const std::string& directory, const settings::amqp_queue& queue,
                       const flow_plan& plan);

} // namespace outreachd::bench
