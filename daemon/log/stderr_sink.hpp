/// Where finished lines go: a file descriptor whose reader may be slow, stopped or gone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace outreachd::log {

/// Writes lines to a descriptor that it doesn't own. One thread writes; `finish` comes from another.
class stderr_sink {
public:
    explicit stderr_sink(int descriptor) noexcept : descriptor_(descriptor) {}

    /// Writes a line that brings its end with it. Waits for a reader that doesn't read, until `finish` has
    /// been called and its time is over; then, and where the descriptor is broken, the line is dropped.
    void write(std::string_view line) noexcept;

    /// From now on waiting ends at `give_up_at`, so that a stalled reader can't hold up the process's end.
    void finish(std::chrono::steady_clock::time_point give_up_at) noexcept;

    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
    bool wait_writable() noexcept;
    bool write_all(std::string_view bytes) noexcept;

    int descriptor_;
    std::atomic<std::uint64_t> dropped_{0};
    std::atomic<bool> is_finishing_{false};
    std::atomic<std::chrono::steady_clock::time_point> give_up_at_{};
};

} // namespace outreachd::log
