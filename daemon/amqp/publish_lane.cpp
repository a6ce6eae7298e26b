#include "daemon/amqp/publish_lane.hpp"

#include <string>

namespace outreachd::amqp {

void publish_lane::forget() {
    channel_ = first_;
    is_open_ = false;
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
    if (channel_ + 1 == first_ + channels)
        throw amqp_connection::amqp_error(amqp_connection::trouble::too_late,
                                          "no confirm in time on " + std::to_string(channels) +
                                              " channels, one after the other, by " + at.node());
    ++channel_;
    open(at);
}

} // namespace outreachd::amqp
