/// The outcome of a run, as text for people and JSON for programs.
#pragma once

#include "tests/bench/idle_connections.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/process_usage.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace outreachd::bench {

struct load_report {
    std::string protocol;
    load_result result;
    std::chrono::nanoseconds client_cpu{};
    std::size_t threads = 1;
    std::optional<process_usage> server_before;
    std::optional<process_usage> server_after;
    std::optional<std::uint64_t> slow_dawdling; ///< Nothing: no slow connections were asked for.
    std::uint64_t slow_ended = 0;
};

std::string as_text(const load_report& report);
std::string as_json(const load_report& report);

std::string as_text(const idle_result& result);
std::string as_json(const idle_result& result);

/// Every request was answered, and with 200; with `allow_resets` those that were reset or refused don't
/// count.
bool is_flawless(const tally& counts, bool allow_resets);

} // namespace outreachd::bench
