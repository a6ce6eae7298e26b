/// TLS connections to a broker.
#pragma once

#include "daemon/amqp_connection/watchdog.hpp"

#include <cstdint>
#include <string>

#include <amqp.h>

namespace outreachd::amqp_connection {

struct tls_peer {
    const std::string& host;
    std::uint16_t port;
    const std::string& authorities; ///< PEM; empty: the system's, or what `SSL_CERT_FILE` names.
};

/// Connects `state` by TLS 1.2 or later to a peer whose certificate holds, and is made out to its name or
/// address. Gives why it can't, in words without the host's name; empty: connected. It has to be done by
/// `deadline`, but for the name's resolution. Watched once connected: until then rabbitmq-c shows no socket.
std::string connect_tls(amqp_connection_state_t state, const tls_peer& peer, steady_time deadline,
                        watched_socket& watched);

} // namespace outreachd::amqp_connection
