/// Nearest-rank percentiles.
#include "daemon/command_line/latency_summary.hpp"

#include <algorithm>

namespace outreachd::command_line {

latency_summary summarize(std::vector<std::chrono::microseconds> samples) {
    if (samples.empty())
        return {};
    std::sort(samples.begin(), samples.end());
    const auto at_percent = [&](std::size_t percent) {
        const std::size_t rank = (samples.size() * percent + 99) / 100;
        return samples[std::max<std::size_t>(rank, 1) - 1];
    };
    return {.min = samples.front(), .median = at_percent(50), .p99 = at_percent(99), .max = samples.back()};
}

} // namespace outreachd::command_line
