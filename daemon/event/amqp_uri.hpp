/// The parts of an AMQP URI.
#pragma once

#include "daemon/event/secret.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd {

/// One node of a RabbitMQ cluster, as the RabbitMQ URI specification writes it:
/// `amqp://user:password@host:port/vhost`, or `amqps://`.
struct amqp_uri {
    bool is_tls = false;
    std::string host;          ///< A name, or an address without brackets.
    std::uint16_t port = 5672; ///< 5671 with TLS.
    std::string user = "guest";
    secret password{"guest"};
    std::string vhost = "/";
};

/// Nothing where `text` isn't `amqp://` or `amqps://` and a host, has a query or a fragment, a vhost of more
/// than one segment, or a broken percent-encoding. User, password and vhost are percent-decoded; no path at
/// all means the vhost `/`.
std::optional<amqp_uri> parse_amqp_uri(std::string_view text);

/// For logs and reasons: scheme, host, port and vhost, never the user or the password.
std::string shown(const amqp_uri& what);

} // namespace outreachd
