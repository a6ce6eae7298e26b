/// A stream of events through a broker: how much of it is measured, and what that came to.
#pragma once

#include "tests/bench/counted_moment.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace outreachd::bench {

/// The first events aren't counted, and the last are there so that it doesn't run dry while it is measured.
struct flow_plan {
    std::uint64_t measured = 20'000;
    std::size_t window = 128; ///< Events in flight; twice as many messages.
    std::size_t body_bytes = 1024;

    std::uint64_t warm_up() const { return measured / 4; }

    std::uint64_t total() const {
        return warm_up() + measured + std::max<std::uint64_t>(2 * window, measured / 20);
    }
};

struct flow_result {
    std::uint64_t events = 0;
    std::chrono::nanoseconds elapsed{};
    std::chrono::nanoseconds cpu{};        ///< Of all threads of the measuring process.
    std::uint64_t peak_resident_bytes = 0; ///< Of the measuring process.
};

inline flow_result between(const counted_moment& first, const counted_moment& last) {
    return {last.count - first.count, last.at - first.at, last.cpu - first.cpu, 0};
}

} // namespace outreachd::bench
