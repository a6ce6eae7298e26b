/// Decides when a failed delivery is tried again, and when it is enough.
#include "daemon/dispatch/retry_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace outreachd::dispatch {

std::optional<std::chrono::milliseconds>
retry_schedule::pause_after(std::uint32_t attempts, std::optional<std::chrono::milliseconds> asked,
                            double random) const {
    using milliseconds = std::chrono::milliseconds;
    if (attempts >= configured_.attempts_max)
        return std::nullopt;
    // In floating point: an exponent of any size ends in infinity, which `max` cuts.
    const double max_ms = static_cast<double>(configured_.max.count());
    const double steps = attempts == 0 ? 0 : static_cast<double>(attempts - 1);
    const double grown_ms =
        static_cast<double>(configured_.initial.count()) * std::pow(configured_.factor, steps);
    const double share = 1 + configured_.jitter * (2 * random - 1);
    const double pause_ms = std::max(0.0, std::min(grown_ms, max_ms) * share);
    const milliseconds ours{std::llround(pause_ms)};
    return asked ? std::max(ours, std::min(*asked, configured_.max)) : ours;
}

} // namespace outreachd::dispatch
