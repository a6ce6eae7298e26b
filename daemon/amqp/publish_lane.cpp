#include "daemon/amqp/publish_lane.hpp"

#include <string>

namespace outreachd::amqp {

void publish_lane::forget() {
    channel_ = first_;
    is_open_ = false;
    left_.clear();
}

void publish_lane::open(amqp_connection::connection& at) {
    is_open_ = true;
    at.open_channel(channel_);
    at.confirm_publishes(channel_);
}

void publish_lane::open_anew(amqp_connection::connection& at) {
    if (is_open_)
        at.close_channel(channel_);
    open(at);
}

void publish_lane::leave(amqp_connection::connection& at) {
    left_.insert(channel_);
    if (left_.size() == channels)
        throw amqp_connection::amqp_error(amqp_connection::trouble::too_late,
                                          "confirms are owed on " + std::to_string(channels) +
                                              " channels by " + at.node());
    while (left_.contains(channel_))
        channel_ = channel_ + 1 == first_ + channels ? first_ : static_cast<std::uint16_t>(channel_ + 1);
    open(at);
}

void publish_lane::close_left(amqp_connection::connection& at,
                              const std::function<bool(std::uint16_t channel)>& is_awaited) {
    std::erase_if(left_, [&](std::uint16_t channel) {
        if (is_awaited(channel))
            return false;
        at.close_channel_unanswered(channel);
        return true;
    });
}

} // namespace outreachd::amqp
