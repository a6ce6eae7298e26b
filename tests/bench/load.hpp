/// Drives requests at the server, by some threads, and counts what comes back.
#pragma once

#include "tests/bench/signed_request.hpp"
#include "tests/bench/tally.hpp"
#include "tests/bench/tls_connection.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace outreachd::bench {

struct load_plan {
    std::size_t connections = 64;
    std::size_t threads = 1;
    std::optional<double> rate;            ///< Requests a second; none: a closed loop.
    std::optional<std::uint64_t> requests; ///< Ends a closed loop after so many, all of them measured.
    std::chrono::nanoseconds warmup{};     ///< Before the measured time; none where `requests` is given.
    std::chrono::nanoseconds measured{};
    std::chrono::nanoseconds timeout{}; ///< Of one request.
    bool new_connection = false;        ///< For each request.
    request_shape shape;
    std::string secret;
    std::uint64_t first_id = 0;
};

struct load_result {
    tally counts;
    std::chrono::nanoseconds measured{}; ///< From the first measured request to the last one's answer.
};

/// Blocks until every request is answered or given up. `at_start` is called when the measured time begins.
load_result run_load(const load_plan& plan, const tls_context& context, const target& to,
                     const std::function<void()>& at_start);

} // namespace outreachd::bench
