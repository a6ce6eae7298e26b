/// Whether a relay that works a backlog off slows acks down.
#pragma once

#include "daemon/settings/settings.hpp"
#include "tests/bench/latency_result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace outreachd::bench {

struct drain_plan {
    double rate = 500; ///< Appends a second, all the time.
    std::chrono::nanoseconds slice = std::chrono::seconds{15};
    std::size_t body_bytes = 1024;
};

struct drain_result {
    latency_result quiet;                    ///< Acks while the backlog lies there.
    latency_result draining;                 ///< Acks while it is drained.
    std::uint64_t drained = 0;               ///< Events,
    std::chrono::nanoseconds draining_for{}; ///< in so long.
    std::uint64_t peak_resident_bytes = 0;
};

/// Opens the store in `directory`, whose outbox is full, and appends signed events at a steady rate: in turns
/// for a slice without a relay and for a slice with one, until what was there at the beginning is published.
/// An ack's time is from `append` to `done`. `progress` gets how many were drained. Throws
/// std::runtime_error where the broker refuses anything, or there is nothing to drain.
drain_result run_drain(const std::string& directory, const settings::amqp_queue& queue,
                       const drain_plan& plan, const std::function<void(std::uint64_t)>& progress);

} // namespace outreachd::bench
