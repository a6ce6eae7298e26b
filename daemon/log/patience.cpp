#include "daemon/log/patience.hpp"

#include <cerrno>

#include <poll.h>

namespace outreachd::log {

namespace {

/// How soon a waiting thread notices that the process ends.
constexpr std::chrono::milliseconds poll_interval{100};

} // namespace

void patience::end_at(std::chrono::steady_clock::time_point when) noexcept {
    end_.store(when, std::memory_order_release);
    is_ending_.store(true, std::memory_order_release);
}

bool patience::is_over() const noexcept {
    return is_ending_.load(std::memory_order_acquire) &&
           std::chrono::steady_clock::now() >= end_.load(std::memory_order_acquire);
}

bool patience::wait_writable(int descriptor) const noexcept {
    for (;;) {
        const bool is_last = is_over();
        pollfd waiting{descriptor, POLLOUT, 0};
        const int ready = ::poll(&waiting, 1, is_last ? 0 : static_cast<int>(poll_interval.count()));
        if (ready > 0)
            return (waiting.revents & POLLOUT) != 0;
        if (is_last || (ready < 0 && errno != EINTR && errno != EAGAIN))
            return false;
    }
}

} // namespace outreachd::log
