/// When a count was reached, and what that had cost by then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace outreachd::bench {

struct counted_moment {
    std::chrono::steady_clock::time_point at;
    std::chrono::nanoseconds cpu{}; ///< Of this process.
    std::uint64_t count = 0;

    static counted_moment now(std::uint64_t count);
};

/// Waits until `count` gives `wanted` or more, at most `limit`. Looks at growing intervals, so that looking
/// neither costs much nor is much too late; what it gives is of one moment all the same.
counted_moment wait_for_count(const std::function<std::uint64_t()>& count, std::uint64_t wanted,
                              std::chrono::nanoseconds limit);

} // namespace outreachd::bench
