/// Where finished lines go.
#include "daemon/log/stderr_sink.hpp"

#include <climits>

#include <algorithm>
#include <cerrno>

#include <unistd.h>

namespace outreachd::log {

bool stderr_sink::write_all(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        if (!waits_.wait_writable(descriptor_))
            return false;
        // A pipe that is writable takes PIPE_BUF bytes without blocking. The descriptor stays a blocking
        // one, because other processes may share it.
        const std::size_t piece = std::min<std::size_t>(bytes.size(), PIPE_BUF);
        const ssize_t written = ::write(descriptor_, bytes.data(), piece);
        if (written < 0) {
            if (errno == EINTR || (errno == EAGAIN && !waits_.is_over()))
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

} // namespace outreachd::log
