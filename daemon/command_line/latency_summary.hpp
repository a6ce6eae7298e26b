/// How long a run of requests took, in a few numbers.
#pragma once

#include <chrono>
#include <vector>

namespace outreachd::command_line {

struct latency_summary {
    std::chrono::microseconds min{};
    std::chrono::microseconds median{};
    std::chrono::microseconds p99{};
    std::chrono::microseconds max{};
};

/// Each figure is one of `samples`: the smallest that at least that share is not above. All zero
/// where there are none.
latency_summary summarize(std::vector<std::chrono::microseconds> samples);

} // namespace outreachd::command_line
