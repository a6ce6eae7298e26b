/// What goes wrong with a broker, in words and as a kind to branch on.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace outreachd::amqp_connection {

enum class trouble {
    unreachable, ///< No node could be connected to: refused, no route, TLS, no answer in time.
    refused,     ///< The broker doesn't let us in, or lets us not do this: password, vhost, permission (403,
                 ///< 530).
    not_found,   ///< The queue or exchange isn't there (404).
    differs,     ///< It is there with other properties (406).
    rejected,    ///< The broker can't take this: another channel error (311, 313, 405, 406 of a publish).
    lost,        ///< The connection broke, was closed by the broker, or was silent for too long.
    too_late,    ///< No answer within the time for it, or ended by the watchdog.
    unusable,    ///< What was asked for can't be put into AMQP: a field over its length.
};

/// Thrown by all calls of a connection. The words name the node, what was tried, and the broker's own text.
class amqp_error : public std::runtime_error {
public:
    amqp_error(trouble kind, const std::string& what, std::uint16_t reply_code = 0,
               std::uint16_t closed_channel = 0)
        : std::runtime_error(what), kind_(kind), reply_code_(reply_code), closed_channel_(closed_channel) {}

    trouble kind() const noexcept { return kind_; }

    /// The broker's (AMQP 0-9-1, section 1.2), 0 where the broker didn't say.
    std::uint16_t reply_code() const noexcept { return reply_code_; }

    /// The channel that the broker has closed by it, while the connection is as good as before; else 0, and
    /// the connection is of no use any more.
    std::uint16_t closed_channel() const noexcept { return closed_channel_; }

private:
    trouble kind_;
    std::uint16_t reply_code_;
    std::uint16_t closed_channel_;
};

} // namespace outreachd::amqp_connection
