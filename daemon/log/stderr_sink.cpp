/// Where finished lines go.
#include "daemon/log/stderr_sink.hpp"

#include <climits>

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace outreachd::log {

namespace {

/// How soon a waiting writer notices that the process ends.
constexpr std::chrono::milliseconds poll_interval{100};

} // namespace

bool stderr_sink::wait_writable() noexcept {
    for (;;) {
        if (is_finishing_.load(std::memory_order_acquire) &&
            std::chrono::steady_clock::now() >= give_up_at_.load(std::memory_order_acquire))
            return false;
        pollfd waiting{descriptor_, POLLOUT, 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(poll_interval.count()));
        if (ready > 0)
            return (waiting.revents & POLLOUT) != 0;
        if (ready < 0 && errno != EINTR && errno != EAGAIN)
            return false;
    }
}

bool stderr_sink::write_all(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        if (!wait_writable())
            return false;
        // A pipe that is writable takes PIPE_BUF bytes without blocking. The descriptor stays a blocking
        // one, because other processes may share it.
        const std::size_t piece = std::min<std::size_t>(bytes.size(), PIPE_BUF);
        const ssize_t written = ::write(descriptor_, bytes.data(), piece);
        if (written < 0) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void stderr_sink::write(std::string_view line) noexcept {
    if (!write_all(line))
        dropped_.fetch_add(1, std::memory_order_relaxed);
}

void stderr_sink::finish(std::chrono::steady_clock::time_point give_up_at) noexcept {
    give_up_at_.store(give_up_at, std::memory_order_release);
    is_finishing_.store(true, std::memory_order_release);
}

} // namespace outreachd::log
