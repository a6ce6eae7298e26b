/// Where finished lines go: a file descriptor whose reader may be slow, stopped or gone.
#pragma once

#include "daemon/log/patience.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace outreachd::log {

/// Writes lines to a descriptor that it doesn't own. The log's thread alone writes.
class stderr_sink {
public:
    stderr_sink(int descriptor, const patience& waits) noexcept : descriptor_(descriptor), waits_(waits) {}

    /// Writes a line that brings its end with it. Waits for a reader that doesn't read, until patience ends;
    /// then a line that there is no room for is dropped, as is any where the descriptor is broken.
    void write(std::string_view line) noexcept;

    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
    bool write_all(std::string_view bytes) noexcept;

    int descriptor_;
    const patience& waits_;
    std::atomic<std::uint64_t> dropped_{0};
};

} // namespace outreachd::log
