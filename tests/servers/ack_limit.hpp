/// A broker that is impatient with consumers.
#pragma once

#include "tests/servers/rabbitmq_node.hpp"

#include <chrono>
#include <string>

namespace outreachd::test_servers {

/// While it lives the broker closes each channel, opened meanwhile, on which a message is unacked for longer
/// than that, and looks ten times as often.
class ack_limit {
public:
    ack_limit(rabbitmq_node& broker, std::chrono::milliseconds limit) : broker_(broker) {
        set(limit, limit / 10);
    }

    ~ack_limit() { set(std::chrono::minutes{30}, std::chrono::minutes{1}); } // RabbitMQ's own

    ack_limit(const ack_limit&) = delete;
    ack_limit& operator=(const ack_limit&) = delete;

private:
    void set(std::chrono::milliseconds limit, std::chrono::milliseconds look) {
        broker_.evaluate("application:set_env(rabbit, consumer_timeout, " + std::to_string(limit.count()) +
                         "), application:set_env(rabbit, channel_tick_interval, " +
                         std::to_string(look.count()) + ")");
    }

    rabbitmq_node& broker_;
};

} // namespace outreachd::test_servers
