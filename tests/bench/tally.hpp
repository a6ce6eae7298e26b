/// What became of the requests of a run: counted by each thread for itself, merged at the end.
#pragma once

#include "tests/bench/histogram.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace outreachd::bench {

struct tally {
    using clock = std::chrono::steady_clock;

    /// Of the requests that began, or were due, in the measured time: those before it only warm up.
    histogram latency;
    clock::time_point last_answer{};

    /// Of all requests.
    std::map<int, std::uint64_t> statuses;
    std::uint64_t resets = 0;   ///< RST before the answer was whole.
    std::uint64_t closed = 0;   ///< Closed in order before the answer was whole.
    std::uint64_t refused = 0;  ///< No connection.
    std::uint64_t timeouts = 0; ///< No answer within the timeout.
    std::uint64_t failures = 0; ///< Anything else; the first one's text follows.
    std::uint64_t unsent = 0;   ///< Due in an open loop, but no connection came free in time.
    std::string first_failure;
    std::uint64_t full_handshakes = 0;
    std::uint64_t resumed_handshakes = 0;

    std::uint64_t answers() const;
    void merge(const tally& other);
};

} // namespace outreachd::bench
