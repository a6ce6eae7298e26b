/// The `amqp` handler, and a vhost of a real broker for each test.
#pragma once

#include "daemon/amqp_connection/connection.hpp"
#include "handlers/amqp_handler.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/unit/handlers/attempts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include <amqp.h>
#include <amqp_tcp_socket.h>

namespace outreachd::handlers::test {

using namespace std::chrono_literals;
using amqp_connection::connection;
using test_servers::rabbitmq_node;

using steady = std::chrono::steady_clock;

inline constexpr auto patience = 20s;
inline constexpr const char* task_body =
    R"({"data":{"type":"task","id":7,"attributes":{"region":"n\u00f6rd"}},"meta":{"eventName":"task.completed"}})";

inline amqp_connection::options options_for(const std::string& uri) {
    amqp_connection::options made;
    made.nodes = {*parse_amqp_uri(uri)};
    return made;
}

/// A vhost of its own, an exchange, a queue that is bound to it for `task.*`, and somebody who reads it.
class handler_at_rabbitmq : public testing::Test {
protected:
    handler_at_rabbitmq() {
        reader_.open_channel(1);
        reader_.declare_topic_exchange(1, "events");
        reader_.declare_queue(1, "q", {.kind = amqp_connection::queue_kind::classic});
        bind("q", "events", "task.*");
        configured_.exchange = "events";
        configured_.nodes.uris = {secret{node_.uri(vhost_)}};
    }

    void bind(const char* queue, const char* exchange, const char* key) const {
        amqp_connection_state_t raw = amqp_new_connection();
        amqp_socket_t* const socket = amqp_tcp_socket_new(raw);
        ASSERT_EQ(amqp_socket_open(socket, "127.0.0.1", node_.port()), AMQP_STATUS_OK);
        amqp_login(raw, vhost_.c_str(), 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
        amqp_channel_open(raw, 1);
        amqp_queue_bind(raw, 1, amqp_cstring_bytes(queue), amqp_cstring_bytes(exchange),
                        amqp_cstring_bytes(key), amqp_empty_table);
        EXPECT_EQ(amqp_get_rpc_reply(raw).reply_type, AMQP_RESPONSE_NORMAL);
        amqp_connection_close(raw, AMQP_REPLY_SUCCESS);
        amqp_destroy_connection(raw);
    }

    std::unique_ptr<handler> make() const {
        return make_amqp_handler("bus", configured_, std::make_shared<expression::engine>(4));
    }

    /// The next message of the queue; acked.
    amqp_connection::delivered receive() {
        if (!is_consuming_)
            reader_.consume(1, "q", "c");
        is_consuming_ = true;
        auto told = reader_.next(patience);
        auto* const got = told ? std::get_if<amqp_connection::delivered>(&*told) : nullptr;
        if (got == nullptr) {
            ADD_FAILURE() << "no message came";
            return {};
        }
        reader_.ack(1, got->tag, false);
        return std::move(*got);
    }

    static std::map<std::string, std::string> headers_of(const amqp_connection::delivered& got) {
        std::map<std::string, std::string> made;
        for (const header& one : got.what.headers)
            EXPECT_TRUE(made.emplace(one.name, one.value).second) << one.name << " stands there twice";
        return made;
    }

    static attempt attempt_within(std::chrono::milliseconds time) {
        attempt what = make_attempt(task_body);
        what.deadline = steady::now() + time;
        return what;
    }

    outcome with_size_limit(int bytes, const std::function<outcome()>& what) const {
        const std::string before =
            node_.evaluate("{ok, M} = application:get_env(rabbit, max_message_size), M");
        node_.evaluate("application:set_env(rabbit, max_message_size, " + std::to_string(bytes) + ")");
        outcome said = what();
        node_.evaluate("application:set_env(rabbit, max_message_size, " + before + ")");
        return said;
    }

    rabbitmq_node& node_ = rabbitmq_node::shared();
    std::string vhost_ = node_.new_vhost();
    amqp_connection::watchdog guard_;
    connection reader_{options_for(node_.uri(vhost_)), guard_};
    bool is_consuming_ = false;
    settings::amqp_handler configured_;
};

inline void expect_retry(const outcome& said) {
    EXPECT_EQ(said.verdict, outcome::kind::retry) << said.reason;
}

} // namespace outreachd::handlers::test
