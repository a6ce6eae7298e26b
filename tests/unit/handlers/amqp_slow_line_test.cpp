/// The `amqp` handler on a line that takes its time.
#include "handlers/amqp_handler.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"
#include "tests/unit/handlers/attempts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace outreachd::handlers {
namespace {

using namespace std::chrono_literals;

/// It takes longer than a broker is given to take a small one.
TEST(AmqpSlowLine, ALargeEventHasTheHandlersWholeTime) {
    test_servers::rabbitmq_node& node = test_servers::rabbitmq_node::shared();
    test_servers::tcp_proxy road(node.port());
    road.limit_to_server(600UL * 1024);
    std::string uri = node.uri(node.new_vhost());
    const std::string direct = std::to_string(node.port());
    settings::amqp_handler configured;
    configured.nodes.uris = {
        secret{uri.replace(uri.find(direct), direct.size(), std::to_string(road.port()))}};
    const auto handling = make_amqp_handler("bus", configured, std::make_shared<expression::engine>(1));
    attempt what = test::make_attempt(R"({"padding":")" + std::string(10UL * 1024 * 1024, '.') + "\"}");
    what.deadline = std::chrono::steady_clock::now() + 60s;
    const outcome said = handling->handle(what);
    EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
    EXPECT_EQ(road.connections(), 1U);
}

} // namespace
} // namespace outreachd::handlers
