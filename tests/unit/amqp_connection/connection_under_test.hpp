/// Connections to a real broker as tests make them.
#pragma once

#include "daemon/amqp_connection/connection.hpp"
#include "tests/servers/rabbitmq_node.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::amqp_connection::test {

using steady = std::chrono::steady_clock;

/// For what happens soon on any machine.
inline constexpr std::chrono::seconds patience{20};

inline options options_for(const std::vector<std::string>& uris) {
    options made;
    for (const std::string& uri : uris)
        made.nodes.push_back(parse_amqp_uri(uri).value());
    made.name = "a test";
    return made;
}

/// A connection to a vhost of its own on the shared broker, with channel 1 open.
struct opened {
    opened() : opened(options_for({test_servers::rabbitmq_node::shared().uri(vhost_of_a_test())})) {}

    explicit opened(const options& how) : broker(how, guard) { broker.open_channel(1); }

    static std::string vhost_of_a_test() { return test_servers::rabbitmq_node::shared().new_vhost(); }

    watchdog guard;
    connection broker;
};

inline message message_of(std::string body) {
    message made;
    made.body = std::move(body);
    return made;
}

/// To the default exchange, and so to the queue of that name.
inline std::uint64_t publish_to(connection& broker, const std::string& queue, const message& what) {
    return broker.publish(1, {.exchange = "", .routing_key = queue, .is_mandatory = true, .what = &what});
}

/// The next that comes, which is to be of that kind.
template <typename Kind>
Kind await(connection& broker, std::chrono::milliseconds at_most = patience) {
    std::optional<incoming> told = broker.next(at_most);
    if (!told) {
        ADD_FAILURE() << "nothing came";
        return {};
    }
    if (auto* const found = std::get_if<Kind>(&*told))
        return std::move(*found);
    ADD_FAILURE() << "something else came: alternative " << told->index();
    return {};
}

/// Waits until all up to `tag` are confirmed as taken.
inline void await_confirms(connection& broker, std::uint64_t tag) {
    std::uint64_t confirmed_count = 0;
    while (confirmed_count < tag) {
        const auto told = await<confirmed>(broker);
        if (testing::Test::HasFailure())
            return;
        EXPECT_TRUE(told.is_taken);
        // Only what is acked in order is counted rightly: tests that use this publish to one queue.
        confirmed_count = std::max(confirmed_count, told.tag);
    }
}

/// What `action` throws; fails where it doesn't.
inline amqp_error error_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const amqp_error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {trouble::unusable, ""};
}

} // namespace outreachd::amqp_connection::test
