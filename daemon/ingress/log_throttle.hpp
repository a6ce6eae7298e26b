/// Keeps a lasting condition from filling the log.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace outreachd::ingress {

/// Of any number of occurrences, lets one line through an interval, with how many it stands for.
/// Any thread.
class log_throttle {
public:
    explicit log_throttle(std::chrono::steady_clock::duration interval) : interval_(interval) {}

    /// Counts one occurrence. Where a line is due now: how many there were since the last one.
    std::optional<std::uint64_t> count(steady_time now) noexcept {
        uncounted_.fetch_add(1, std::memory_order_relaxed);
        auto due = due_.load(std::memory_order_relaxed);
        const auto at = now.time_since_epoch().count();
        if (at < due || !due_.compare_exchange_strong(due, (now + interval_).time_since_epoch().count()))
            return std::nullopt;
        return uncounted_.exchange(0, std::memory_order_relaxed);
    }

private:
    std::chrono::steady_clock::duration interval_;
    std::atomic<std::uint64_t> uncounted_{0};
    std::atomic<steady_time::rep> due_{steady_time::min().time_since_epoch().count()};
};

} // namespace outreachd::ingress
