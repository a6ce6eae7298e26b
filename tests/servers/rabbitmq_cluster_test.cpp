/// That three brokers are one.
#include "tests/servers/bare_client.hpp"
#include "tests/servers/leftovers.hpp"
#include "tests/servers/rabbitmq_cluster.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

namespace outreachd::test_servers {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST(RabbitmqCluster, OutlivesOneOfItsNodes) {
    std::string directory;
    {
        rabbitmq_cluster cluster;
        directory = cluster.node(0).directory();
        EXPECT_THAT(cluster.uris("a"), SizeIs(3));
        const auto running = [&](std::size_t which) {
            return cluster.node(which).evaluate("rabbit_nodes:all_running()");
        };
        const auto all = AllOf(HasSubstr("node0"), HasSubstr("node1"), HasSubstr("node2"));
        for (std::size_t i = 0; i < rabbitmq_cluster::nodes; ++i)
            EXPECT_THAT(running(i), all);

        cluster.node(1).kill();
        EXPECT_TRUE(speaks_amqp(cluster.node(2).port(), 20s));
        EXPECT_THAT(running(2), AllOf(HasSubstr("node0"), Not(HasSubstr("node1")), HasSubstr("node2")));
        const std::string vhost = cluster.new_vhost();

        cluster.node(1).start();
        EXPECT_THAT(running(1), all);
        EXPECT_THAT(cluster.node(1).evaluate("rabbit_vhost:list_names()"), HasSubstr(vhost));
    }
    EXPECT_THAT(processes_naming(directory), IsEmpty());
}

} // namespace
} // namespace outreachd::test_servers
