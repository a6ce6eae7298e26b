/// What `dispatch` found, as a table for people and JSON for programs.
#pragma once

#include "tests/bench/dispatch_run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace outreachd::bench {

struct dispatch_row {
    std::uint64_t pending = 0;
    std::uint32_t handlers = 1;
    std::uint32_t concurrency = 1;
    dispatch_result result;
};

/// The cost of a delivery with the most pending over the cost with the least, all else the same.
struct cost_ratio {
    std::uint32_t handlers = 1;
    std::uint32_t concurrency = 1;
    std::uint64_t least_pending = 0;
    std::uint64_t most_pending = 0;
    double ratio = 0; ///< Of CPU time.
};

/// What a backlog may cost, at most: its depth should be no matter.
inline constexpr double cost_ratio_max = 1.5;

double deliveries_per_second(const dispatch_result& result);
double cpu_us_per_delivery(const dispatch_result& result);

/// One for each number of handlers and concurrency that has rows with different depths.
std::vector<cost_ratio> cost_ratios(const std::vector<dispatch_row>& rows);

std::string as_text(const std::vector<dispatch_row>& rows);
std::string as_json(const std::vector<dispatch_row>& rows);

} // namespace outreachd::bench
