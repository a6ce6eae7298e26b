/// TCP connections to a broker.
#pragma once

#include "daemon/amqp_connection/watchdog.hpp"

#include <cstdint>
#include <string>

namespace outreachd::amqp_connection {

struct tcp_connected {
    int descriptor = -1; ///< The caller's to close; doesn't block. -1: `problem` says why.
    std::string problem; ///< In words, without the host's name.
};

/// Tries each address of `host` in turn, with a fair share of the time for each; it has to be done by
/// `deadline`, but for the name's resolution, whose time is the system's to bound. Watched from the first
/// packet on.
tcp_connected connect_tcp(const std::string& host, std::uint16_t port, steady_time deadline,
                          watched_socket& watched);

/// No delay for small packets; and a peer that is gone without a word is noticed within `silence_max`, also
/// where nothing is sent and heartbeats are off. False where the system refuses.
bool set_socket_options(int descriptor) noexcept;

inline constexpr std::chrono::seconds silence_max{15};

} // namespace outreachd::amqp_connection
