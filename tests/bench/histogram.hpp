/// Latencies in log-linear buckets, as HdrHistogram keeps them: three significant digits up to a minute.
///
/// Debian has no C library of it. Recording costs a few instructions and no allocation, and percentiles of
/// several threads are those of the merged counts, which averaging percentiles would not give.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace outreachd::bench {

class histogram {
public:
    /// Longer ones are counted in the last bucket; `max` still gives them exactly.
    static constexpr std::chrono::nanoseconds longest = std::chrono::seconds{60};

    histogram();

    /// Negative durations count as zero.
    void record(std::chrono::nanoseconds duration);
    void merge(const histogram& other);

    std::uint64_t count() const { return count_; }

    std::chrono::nanoseconds max() const { return max_; }

    /// The smallest recorded duration that at least `share` (0 to 1) of all are no longer than, at most 0.1 %
    /// too high; zero where nothing was recorded.
    std::chrono::nanoseconds percentile(double share) const;

private:
    static std::size_t bucket_of(std::uint64_t nanoseconds);
    static std::uint64_t highest_in(std::size_t bucket);

    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0;
    std::chrono::nanoseconds max_{0};
};

} // namespace outreachd::bench
