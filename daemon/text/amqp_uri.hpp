/// The parts of an AMQP URI.
#pragma once

#include "daemon/crypto/secret.hpp"

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
/// than one segment or of more than 255 bytes, an empty user, a space, a broken percent-encoding, or a
/// control character, be it encoded. User, password and vhost are percent-decoded; a user without a password
/// has the default one, as in RabbitMQ's own clients. No path at all means the vhost `/`, `/` alone the
/// empty vhost.
std::optional<amqp_uri> parse_amqp_uri(std::string_view text);

/// For logs and reasons: scheme, host, port and vhost, this percent-encoded; never the user or the password.
std::string shown(const amqp_uri& what);

} // namespace outreachd
