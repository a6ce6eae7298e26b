/// A broker that takes some and refuses others, or takes nothing and doesn't say so.
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;

rabbitmq_node& broker() {
    return rabbitmq_node::shared();
}

bool is_long() {
    return std::getenv("OUTREACHD_LONG") != nullptr;
}

std::string through(const tcp_proxy& road, const std::string& vhost) {
    return at_port(broker().uri(vhost), broker().port(), road.port());
}

bool has_no_reasons(const daemon_under_test& daemon) {
    return status_of(daemon).find("\"reasons\":[]") != std::string::npos;
}

/// As deploy/rabbitmq.md bounds work queues, by their number of messages.
void bound_work_queues(const std::string& vhost, const std::string& which, int messages_max) {
    broker().ctl({"set_policy", "-p", vhost, "--apply-to", "queues", "outreachd",
                  R"(^outreachd\.work\.)" + which + "$",
                  "{\"max-length\": " + std::to_string(messages_max) + "}"});
}

/// So many messages as a slow program takes them out of the work queues, by resource and number.
std::vector<std::pair<std::string, std::uint64_t>> taken_slowly(const std::string& vhost, int queues,
                                                                std::uint64_t count) {
    std::vector<std::string> command{OUTREACHD_SOURCES "/tests/integration/slow_consumer.py",
                                     broker().uri(vhost), std::to_string(count)};
    for (int queue = 0; queue < queues; ++queue)
        command.push_back("outreachd.work." + std::to_string(queue));
    const finished_process took = run_program(command);
    EXPECT_EQ(took.exit_code, 0) << took.err;
    std::vector<std::pair<std::string, std::uint64_t>> found;
    std::istringstream lines(took.out);
    std::string resource;
    for (std::uint64_t number = 0; lines >> resource >> number;)
        found.emplace_back(resource, number);
    return found;
}

class FullWorkQueues : public testing::TestWithParam<const char*> {};

/// Several records with many events each wait; they go to a queue that is full again and again, since what
/// takes from it is slow, and that has room again in the midst of what is sent to it.
TEST_P(FullWorkQueues, KeepTheOrderOfEachRecord) {
    const std::string vhost = broker().new_vhost();
    bound_work_queues(vhost, "0", 8);
    tcp_proxy road(broker().port());
    daemon_under_test receiver(through_broker({.uris = {through(road, vhost)},
                                               .roles = "[receive]",
                                               .keys = ", partitions: 1",
                                               .queue_type = GetParam(),
                                               .handlers = "",
                                               .routes = ""}));
    receiver.start(); // which makes the queue
    ASSERT_TRUE(eventually([&] { return has_no_reasons(receiver); }));
    road.refuse(true);
    road.cut();
    ordered_load senders({receiver.port()}, 12, 500);
    EXPECT_TRUE(eventually([&] { return senders.acked_so_far() >= (is_long() ? 1'000U : 120U); }, 60s));
    const ordered_load::tally sent = senders.stop();
    road.refuse(false);
    std::map<std::string, std::uint64_t> last;
    std::string out_of_order;
    for (const auto& [resource, number] : taken_slowly(vhost, 1, sent.acked))
        if (number != ++last[resource])
            out_of_order += resource + "/" + std::to_string(number) + ' ';
    EXPECT_EQ(out_of_order, "");
    EXPECT_EQ(last, sent.last_acked) << "each once";
    const double refused = receiver.metric("outreachd_publish_refused");
    std::cout << sent.acked << " acknowledged, " << refused << " refused\n";
    EXPECT_GT(refused, 0) << "was it ever full?";
    EXPECT_TRUE(has_published_all(receiver)) << status_of(receiver);
    EXPECT_EQ(receiver.metric("outreachd_unaccounted"), 0);
}

/// A quorum queue that is full refuses all until it has said that it isn't: it reorders nothing so easily.
std::vector<const char*> queue_types() {
    return is_long() ? std::vector<const char*>{"classic", "quorum"} : std::vector<const char*>{"classic"};
}

INSTANTIATE_TEST_SUITE_P(AmqpRefusals, FullWorkQueues, testing::ValuesIn(queue_types()),
                         [](const auto& tested) { return std::string(tested.param); });

} // namespace
} // namespace outreachd::tests
