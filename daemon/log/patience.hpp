/// How long the log's thread waits for a reader that doesn't read.
#pragma once

#include <atomic>
#include <chrono>

namespace outreachd::log {

/// Waits for as long as the process lives, and no longer than to `end_at` once that is called, so that no
/// reader can hold up the process's end.
///
/// One thread waits, the log's; `end_at` comes from others.
class patience {
public:
    void end_at(std::chrono::steady_clock::time_point when) noexcept;

    bool is_over() const noexcept;

    /// Blocks until the descriptor takes bytes; once patience is over, it only looks. False where it takes
    /// none.
    bool wait_writable(int descriptor) const noexcept;

private:
    std::atomic<bool> is_ending_{false};
    std::atomic<std::chrono::steady_clock::time_point> end_{};
};

} // namespace outreachd::log
