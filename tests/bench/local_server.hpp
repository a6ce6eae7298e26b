/// An HTTP server on loopback that answers 204 to everything, in a process of its own.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace outreachd::bench {

/// Its CPU time and memory are not the measuring process's. Ends with its owner, or with the process that
/// made it, which must have one thread then.
class local_server {
public:
    /// Throws std::runtime_error where it can't be started.
    local_server();
    ~local_server();
    local_server(const local_server&) = delete;
    local_server& operator=(const local_server&) = delete;

    std::uint16_t port() const noexcept { return port_; }

private:
    pid_t process_ = -1;
    std::uint16_t port_ = 0;
};

} // namespace outreachd::bench
