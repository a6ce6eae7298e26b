#include "tests/bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace outreachd::bench {

namespace {

/// 2048 linear buckets first, then 1024 for each doubling: a bucket is never wider than 1/1024 of its values.
constexpr int linear_bits = 11;
constexpr std::uint64_t linear_buckets = 1U << linear_bits;
constexpr std::uint64_t buckets_a_doubling = linear_buckets / 2;

} // namespace

histogram::histogram() : buckets_(bucket_of(static_cast<std::uint64_t>(longest.count())) + 1) {}

std::size_t histogram::bucket_of(std::uint64_t nanoseconds) {
    if (nanoseconds < linear_buckets) {
        return nanoseconds;
    }
    const auto shift = static_cast<std::uint64_t>(std::bit_width(nanoseconds) - linear_bits);
    return linear_buckets + (shift - 1) * buckets_a_doubling + ((nanoseconds >> shift) - buckets_a_doubling);
}

std::uint64_t histogram::highest_in(std::size_t bucket) {
    if (bucket < linear_buckets) {
        return bucket;
    }
    const std::uint64_t shift = (bucket - linear_buckets) / buckets_a_doubling + 1;
    const std::uint64_t step = (bucket - linear_buckets) % buckets_a_doubling + buckets_a_doubling;
    return ((step + 1) << shift) - 1;
}

void histogram::record(std::chrono::nanoseconds duration) {
    const auto counted = std::clamp(duration, std::chrono::nanoseconds{0}, longest);
    ++buckets_[bucket_of(static_cast<std::uint64_t>(counted.count()))];
    ++count_;
    max_ = std::max(max_, duration);
}

void histogram::merge(const histogram& other) {
    std::transform(buckets_.begin(), buckets_.end(), other.buckets_.begin(), buckets_.begin(), std::plus{});
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds histogram::percentile(double share) const {
    const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
    std::uint64_t passed = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
        passed += buckets_[bucket];
        if (passed >= rank) {
            const std::chrono::nanoseconds highest{static_cast<std::int64_t>(highest_in(bucket))};
            return std::min(highest, max_);
        }
    }
    return max_;
}

} // namespace outreachd::bench
