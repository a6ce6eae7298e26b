/// A TCP connection without a protocol, for tests of what stands between a client and a server.
#pragma once

#include "handlers/descriptor.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace outreachd::test_servers {

/// What an AMQP 0-9-1 client says first.
inline constexpr std::string_view amqp_protocol_header{"AMQP\0\0\11\1", 8};

/// Whether these bytes begin a `connection.start`, the broker's answer to that.
bool is_connection_start(std::string_view bytes);

/// One thread.
class bare_client {
public:
    enum class state { open, closed, was_reset };

    /// To 127.0.0.1. Throws std::system_error where nobody listens there.
    explicit bare_client(std::uint16_t port);

    /// Blocks until all of it is in the kernel's hands, or the other side won't have it.
    void send(std::string_view bytes);
    void finish_sending();

    /// What comes next, at most `bytes_max` of it; less where the other side ends before or `limit` has
    /// passed.
    std::string receive(std::size_t bytes_max, std::chrono::milliseconds limit);

    /// As the last `receive` found it.
    state found() const noexcept { return state_; }

private:
    handlers::descriptor socket_;
    state state_ = state::open;
};

/// Whether a broker at that port of 127.0.0.1 answers within `limit`.
bool speaks_amqp(std::uint16_t port, std::chrono::milliseconds limit);

} // namespace outreachd::test_servers
