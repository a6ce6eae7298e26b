/// A broker that takes some and refuses others, or takes nothing and doesn't say so.
#include "tests/integration/long_run.hpp"
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/shared_broker.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/integration/wire_client.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;
using testing::HasSubstr;

bool has_no_reasons(const daemon_under_test& daemon) {
    return status_of(daemon).find("\"reasons\":[]") != std::string::npos;
}

/// As deploy/rabbitmq.md bounds work queues, by their number of messages.
void bound_work_queues(const std::string& vhost, const std::string& which, int messages_max) {
    broker().ctl({"set_policy", "-p", vhost, "--apply-to", "queues", "outreachd",
                  R"(^outreachd\.work\.)" + which + "$",
                  "{\"max-length\": " + std::to_string(messages_max) + "}"});
}

std::string body_of(const std::string& resource, int number, std::size_t padding = 0) {
    return R"({"data":{"type":"task","id":")" + resource + R"(","attributes":{"number":)" +
           std::to_string(number) + R"(}},"meta":{"eventName":"task.completed"},"padding":")" +
           std::string(padding, '.') + "\"}";
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
    const double refused = receiver.metric("outreachd_publish_refused_total");
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

TEST(AmqpRefusals, AFullWorkQueueHoldsUpItsOwnEventsUntilItIsDrained) {
    const std::string vhost = broker().new_vhost();
    daemon_under_test receiver(through_broker({.uris = {broker().uri(vhost)},
                                               .roles = "[receive]",
                                               .keys = ", partitions: 2",
                                               .handlers = "",
                                               .routes = ""}));
    receiver.start();
    ASSERT_TRUE(eventually([&] { return has_no_reasons(receiver); }));
    bound_work_queues(vhost, "0", 10);
    wire_client client(receiver.port());
    constexpr int count = 60;
    for (int number = 1; number <= count; ++number) {
        ASSERT_TRUE(client.send(signed_post(body_of(std::to_string(number), 1))));
        ASSERT_EQ(client.read_answer().status, 200);
    }
    EXPECT_TRUE(eventually([&] {
        return status_of(receiver).find("outreachd.work.0: the broker refused it") != std::string::npos;
    })) << status_of(receiver);
    // About half of them go to the other queue.
    EXPECT_TRUE(eventually([&] { return receiver.metric("outreachd_published_total") >= 25; }));
    EXPECT_GT(receiver.metric("outreachd_outbox"), 0);
    std::set<std::string> taken;
    for (const auto& [resource, number] : taken_slowly(vhost, 2, count))
        taken.insert(resource);
    EXPECT_EQ(taken.size(), std::size_t{count}) << "each once";
    EXPECT_TRUE(has_published_all(receiver));
    EXPECT_TRUE(eventually([&] { return has_no_reasons(receiver); })) << status_of(receiver);
}

/// The limit that new channels of the shared broker have for a message.
class message_limit {
public:
    explicit message_limit(std::size_t bytes) { set(bytes); }

    ~message_limit() { set(128UL * 1024 * 1024); }

    message_limit(const message_limit&) = delete;
    message_limit& operator=(const message_limit&) = delete;

private:
    static void set(std::size_t bytes) {
        broker().evaluate("application:set_env(rabbit, max_message_size, " + std::to_string(bytes) + ")");
    }
};

/// RabbitMQ closes the channel over it and doesn't say which it was: the relay finds out. One record's many
/// events stand before it.
TEST(AmqpRefusals, AnEventThatIsTooLargeForTheBrokerIsPutOffAlone) {
    const message_limit limit(64UL * 1024);
    const std::string vhost = broker().new_vhost();
    tcp_proxy road(broker().port());
    road.refuse(true);
    daemon_under_test daemon(through_broker({.uris = {through(road, vhost)}}));
    daemon.start();
    wire_client client(daemon.port());
    std::size_t posted = 0;
    const auto post = [&](const std::string& body) {
        ++posted;
        ASSERT_TRUE(client.send(signed_post(body)));
        ASSERT_EQ(client.read_answer().status, 200);
    };
    for (int number = 1; number <= 100; ++number)
        post(body_of("hot", number));
    post(body_of("large", 1, 100UL * 1024));
    post(body_of("large", 2));
    for (int number = 1; number <= 20; ++number)
        post(body_of(std::to_string(number), 1));
    road.refuse(false);
    EXPECT_TRUE(eventually([&] { return daemon.delivered().size() == posted - 1; }, 30s))
        << daemon.delivered().size() << ' ' << status_of(daemon);
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_outbox") == 1; }));
    EXPECT_EQ(road.connections(), 2U) << "the worker's and the receiver's, which finds out without another";
    EXPECT_THAT(status_of(daemon), HasSubstr("single events: "));
    EXPECT_THAT(status_of(daemon), HasSubstr("message size"));
    const auto numbers = numbers_by_resource(daemon);
    EXPECT_THAT(numbers.at("large"), testing::ElementsAre(2)) << "the rest of its record isn't held up";
    EXPECT_TRUE(std::ranges::is_sorted(numbers.at("hot")));
    EXPECT_THAT(daemon.command({"events", "list", "--state", "pending", "--json"}).out,
                HasSubstr("task.completed"));
    post(body_of("later", 1));
    EXPECT_TRUE(eventually([&] { return daemon.delivered().size() == posted - 1; }));
    for (const auto& [id, lines] : daemon.delivered())
        EXPECT_EQ(lines.size(), 1U) << id;
}

/// A daemon that has something in flight is stopped while the broker doesn't answer.
class StoppedWhileTheBroker : public testing::Test {
protected:
    StoppedWhileTheBroker() {
        daemon_.start();
        EXPECT_TRUE(eventually([&] { return has_no_reasons(daemon_); }));
    }

    void post(int number) {
        wire_client client(daemon_.port());
        ASSERT_TRUE(client.send(signed_post(numbered_body(static_cast<std::uint64_t>(number)))));
        ASSERT_EQ(client.read_answer().status, 200);
    }

    void expect_clean_stop() {
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(daemon_.stop(20s), 0) << daemon_.log();
        std::cout << "stopped within "
                  << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                           began)
                         .count()
                  << " ms\n";
    }

    daemon_under_test daemon_{through_broker({.uris = {broker().uri(broker().new_vhost())}})};
};

TEST_F(StoppedWhileTheBroker, IsFrozenEndsInTime) {
    broker().freeze();
    for (int number = 1; number <= 5; ++number)
        post(number);
    EXPECT_TRUE(eventually([&] { return daemon_.metric("outreachd_outbox") == 5; }));
    expect_clean_stop();
    broker().thaw();
    daemon_.start();
    EXPECT_TRUE(eventually([&] { return daemon_.delivered().size() == 5; }));
}

TEST_F(StoppedWhileTheBroker, HasAMemoryAlarmEndsInTime) {
    broker().set_memory_alarm(true);
    for (int number = 1; number <= 5; ++number)
        post(number);
    EXPECT_TRUE(eventually([&] {
        return status_of(daemon_).find("flow control: the broker takes no more for now") != std::string::npos;
    })) << status_of(daemon_);
    EXPECT_GT(daemon_.metric("outreachd_outbox"), 0);
    if (is_long()) {
        sleep_for(65s);
        const std::string log = daemon_.log();
        const std::size_t first = log.find("the broker takes no more for now");
        EXPECT_NE(log.find("the broker takes no more for now", first + 1), std::string::npos)
            << "told again after a minute: " << log;
    }
    expect_clean_stop();
    broker().set_memory_alarm(false);
    daemon_.start();
    EXPECT_TRUE(eventually([&] { return daemon_.delivered().size() == 5; }));
}

} // namespace
} // namespace outreachd::tests
