/// Latencies under a steady load.
#pragma once

#include "tests/bench/histogram.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace outreachd::bench {

struct latency_plan {
    double rate = 500; ///< Events a second, whatever becomes of them.
    std::chrono::nanoseconds length = std::chrono::seconds{10};
    std::size_t window = 128; ///< The relay's.
    std::size_t body_bytes = 1024;
    std::chrono::nanoseconds warm_up = std::chrono::seconds{1}; ///< Of the same load, before it is measured.
};

struct latency_result {
    std::uint64_t events = 0;
    std::chrono::nanoseconds p50{};
    std::chrono::nanoseconds p99{};
    std::chrono::nanoseconds longest{};
};

inline latency_result result_of(const histogram& recorded) {
    return {recorded.count(), recorded.percentile(0.5), recorded.percentile(0.99), recorded.max()};
}

} // namespace outreachd::bench
