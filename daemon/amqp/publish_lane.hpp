/// A channel that is published on.
#pragma once

#include "daemon/amqp_connection/connection.hpp"
#include "daemon/event/timestamp.hpp"

#include <cstdint>
#include <functional>
#include <set>

namespace outreachd::amqp {

/// RabbitMQ works a channel off in order, and can stand still at one message for a minute: at the first to a
/// quorum queue without a leader. What comes behind it on the channel waits, whatever queue it is for; other
/// channels go on. So what may hang has a lane of its own, and leaves a channel that says nothing for another
/// one. One thread.
class publish_lane {
public:
    /// How many channels one uses of a connection, in turn: so one that was closed has ended long before it
    /// is opened again. RabbitMQ allows 2047.
    static constexpr std::uint16_t channels = 512;

    explicit publish_lane(std::uint16_t first) : first_(first), channel_(first) {}

    std::uint16_t channel() const { return channel_; }

    bool has(std::uint16_t channel) const { return channel == channel_; }

    /// The connection is a fresh one: no channel is open.
    void forget();
    /// Opens the channel, and closes it before where it is open. It must be one that answers, or that the
    /// broker has closed.
    void open_anew(amqp_connection::connection& at);
    /// Takes another channel; the one until now, which says nothing or still owes confirms, stays behind.
    /// Throws `too_late` where there is none left: the connection is of no more use.
    void leave(amqp_connection::connection& at);
    /// Closes those that were left, once nothing is awaited on them. Without waiting for that, since they may
    /// stand still.
    void close_left(amqp_connection::connection& at,
                    const std::function<bool(std::uint16_t channel)>& is_awaited);

    void note_confirm(steady_time now) { last_confirm_ = now; }

    /// Whether nothing was confirmed since.
    bool is_silent_since(steady_time then) const { return last_confirm_ < then; }

private:
    void open(amqp_connection::connection& at);

    const std::uint16_t first_;
    std::uint16_t channel_;
    bool is_open_ = false;
    std::set<std::uint16_t> left_;
    steady_time last_confirm_;
};

} // namespace outreachd::amqp
