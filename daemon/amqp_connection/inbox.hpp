/// What has come from the broker and waits to be told, in the order of its arrival.
#pragma once

#include "daemon/amqp_connection/amqp_error.hpp"
#include "daemon/amqp_connection/message.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>

#include <amqp.h>

namespace outreachd::amqp_connection {

/// A larger body is taken for nonsense; RabbitMQ itself takes 512 MiB at most.
inline constexpr std::uint64_t body_bytes_max = 512ULL * 1024 * 1024;

/// Puts messages together from their frames, which the broker may mix with those of other channels, and
/// keeps everything by its channel. Copies what it is given. One thread.
class inbox {
public:
    /// False where the method isn't one that tells something: confirms, messages, cancelled consumers.
    bool take_method(std::uint16_t channel, const amqp_method_t& method);
    /// False where no such frame is due: the connection is out of step.
    [[nodiscard]] bool take_header(std::uint16_t channel, const amqp_basic_properties_t& properties,
                                   std::uint64_t body_bytes);
    [[nodiscard]] bool take_body(std::uint16_t channel, const amqp_bytes_t& part);
    void put(std::uint16_t channel, incoming what);
    /// Is thrown when its turn comes.
    void put_error(const amqp_error& error);

    /// The next in line; nothing where there is none. Throws what was put to be thrown.
    std::optional<incoming> take_next();

    /// Everything of a channel that ends or begins anew.
    void forget(std::uint16_t channel);
    /// The error alone, since it has been thrown already.
    void forget_error(std::uint16_t channel);

private:
    /// A message of which not all frames have come.
    struct unfinished {
        std::variant<delivered, returned> what;
        bool has_header = false;
        std::uint64_t bytes_left = 0;
    };

    struct item {
        std::uint16_t channel;
        std::variant<incoming, amqp_error> what;
    };

    void finish(std::map<std::uint16_t, unfinished>::iterator at);

    std::map<std::uint16_t, unfinished> unfinished_;
    std::deque<item> waiting_;
};

} // namespace outreachd::amqp_connection
