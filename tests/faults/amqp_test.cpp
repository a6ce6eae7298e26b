/// Brokers and daemons die, and nothing that was acknowledged is lost, twice, or out of order. Each under
/// some 500 events a second. OUTREACHD_LONG=1: as often and as long as the guarantees say.
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;

bool is_long() {
    return std::getenv("OUTREACHD_LONG") != nullptr;
}

int times(int in_long, int in_short) {
    return is_long() ? in_long : in_short;
}

std::chrono::milliseconds lasting(std::chrono::milliseconds in_long, std::chrono::milliseconds in_short) {
    return is_long() ? in_long : in_short;
}

/// One daemon, both receiver and worker, and a broker that things happen to.
class BrokerFaults : public testing::TestWithParam<const char*> {
protected:
    BrokerFaults()
        : road_(broker().port()), vhost_(broker().new_vhost()),
          daemon_(told_in_detail(through_broker({.uris = {uri()}, .queue_type = GetParam()}))) {
        daemon_.start();
    }

    /// A short run's log tells of each event.
    static configuration told_in_detail(configuration how) {
        if (!is_long())
            how.rest += "log: {level: debug}\n";
        return how;
    }

    /// What was delivered of a resource, in order, and the daemon's log.
    std::string story_of(const std::string& resource) const {
        std::istringstream lines(read_file(daemon_.directory().at("out.jsonl")));
        std::string told;
        for (std::string line; std::getline(lines, line);)
            if (line.find("\"resource_id\":\"" + resource + '"') != std::string::npos)
                told += line + '\n';
        return told + (is_long() ? "" : daemon_.log());
    }

    static rabbitmq_node& broker() { return rabbitmq_node::shared(); }

    std::string uri() const { return at_port(broker().uri(vhost_), broker().port(), road_.port()); }

    /// What is promised of every fault. `restarts`: of the daemon, which may repeat what ran then.
    /// `cuts`: connections that broke, each of which may repeat what was in flight or unacked then.
    void expect_all_is_well(ordered_load& senders, std::uint64_t cuts, std::uint64_t restarts = 0) {
        sleep_for(1s);
        const ordered_load::tally sent = senders.stop();
        EXPECT_TRUE(has_published_all(daemon_)) << status_of(daemon_);
        const arrival told = arrived(sent, {&daemon_});
        std::cout << sent.acked << " acknowledged, slowest ack " << sent.slowest_ack.count() << " ms, "
                  << told.lost << " lost, " << told.repeats << " repeated, " << told.out_of_order
                  << " out of order; repeats dropped: " << daemon_.metric("outreachd_taken_in_repeats_total")
                  << '\n';
        EXPECT_GT(sent.acked, 100U);
        EXPECT_EQ(sent.wrong_status, 0U);
        EXPECT_EQ(told.lost, 0U);
        EXPECT_EQ(told.out_of_order, 0U) << story_of(told.disordered);
        EXPECT_LE(told.repeats, restarts * 4) << "at most the deliveries that ran";
        constexpr std::uint64_t window = 128;
        constexpr std::uint64_t unacked_max = 512;
        if (restarts == 0) { // the daemon counts since its start
            EXPECT_LE(daemon_.metric("outreachd_taken_in_repeats_total"),
                      static_cast<double>(cuts * (window + unacked_max)));
        }
        EXPECT_TRUE(daemon_.drained());
        EXPECT_EQ(daemon_.metric("outreachd_unaccounted"), 0);
        if (restarts == 0) {
            EXPECT_LT(sent.slowest_ack, 1s);
        }
    }

    tcp_proxy road_;
    const std::string vhost_;
    daemon_under_test daemon_;
};

TEST_P(BrokerFaults, TheBrokerIsKilled) {
    ordered_load senders({daemon_.port()});
    for (int i = 0; i < times(10, 1); ++i) {
        sleep_for(lasting(10s, 2s));
        broker().kill();
        sleep_for(lasting(60s, 3s));
        broker().start();
        EXPECT_TRUE(eventually([&] { return daemon_.metric("outreachd_outbox") < 200; }, 300s));
    }
    expect_all_is_well(senders, static_cast<std::uint64_t>(times(10, 1)));
}

TEST_P(BrokerFaults, TheBrokerIsRestarted) {
    ordered_load senders({daemon_.port()});
    for (int i = 0; i < times(20, 1); ++i) {
        sleep_for(lasting(5s, 2s));
        broker().stop();
        broker().start();
        EXPECT_TRUE(eventually([&] { return daemon_.metric("outreachd_outbox") < 200; }, 300s));
    }
    expect_all_is_well(senders, static_cast<std::uint64_t>(times(20, 1)));
}

TEST_P(BrokerFaults, TheConnectionIsCutAgainAndAgain) {
    ordered_load senders({daemon_.port()});
    for (int i = 0; i < times(50, 10); ++i) {
        sleep_for(300ms);
        road_.cut();
    }
    expect_all_is_well(senders, static_cast<std::uint64_t>(times(50, 10)));
}

TEST_P(BrokerFaults, TheConnectionIsHalfOpen) {
    ordered_load senders({daemon_.port()});
    for (int i = 0; i < times(5, 1); ++i) {
        sleep_for(2s);
        road_.go_silent();
        ASSERT_TRUE(eventually([&] { return daemon_.metric("outreachd_outbox") > 200; }, 10s))
            << "it is cut off";
        EXPECT_TRUE(eventually([&] { return daemon_.metric("outreachd_outbox") < 100; }, 20s))
            << "noticed within 20 s";
    }
    expect_all_is_well(senders, static_cast<std::uint64_t>(times(5, 1)));
}

TEST_P(BrokerFaults, TheConnectionStalls) {
    ordered_load senders({daemon_.port()});
    sleep_for(2s);
    road_.stall(true);
    sleep_for(lasting(30s, 12s));
    road_.stall(false);
    expect_all_is_well(senders, 4);
}

TEST_P(BrokerFaults, TheBrokerHangs) {
    ordered_load senders({daemon_.port()});
    sleep_for(2s);
    broker().freeze();
    sleep_for(lasting(30s, 12s));
    broker().thaw();
    expect_all_is_well(senders, 4);
}

TEST_P(BrokerFaults, AMemoryAlarmIsOn) {
    ordered_load senders({daemon_.port()});
    sleep_for(2s);
    broker().set_memory_alarm(true);
    EXPECT_TRUE(eventually(
        [&] { return status_of(daemon_).find("the broker takes no more for now") != std::string::npos; },
        10s))
        << status_of(daemon_);
    sleep_for(lasting(30s, 5s));
    broker().set_memory_alarm(false);
    expect_all_is_well(senders, 0); // it is no reason to send again
}

TEST_P(BrokerFaults, TheDaemonIsKilledWhilePublishingAndConsuming) {
    const int kills = times(50, 8);
    ordered_load senders({daemon_.port()});
    for (int i = 0; i < kills; ++i) {
        sleep_for(std::chrono::milliseconds{300 + i * 37 % 700});
        daemon_.kill();
        daemon_.start();
    }
    expect_all_is_well(senders, 0, static_cast<std::uint64_t>(kills));
}

std::vector<const char*> queue_types() {
    return is_long() ? std::vector<const char*>{"classic", "quorum"} : std::vector<const char*>{"quorum"};
}

INSTANTIATE_TEST_SUITE_P(Queues, BrokerFaults, testing::ValuesIn(queue_types()),
                         [](const auto& tested) { return std::string(tested.param); });

/// RabbitMQ refuses the first message of a channel to a quorum queue whose leader isn't there yet, and takes
/// the next: a backlog that waits for queues that are just made comes in order all the same.
TEST(FreshQueues, AreFilledInOrder) {
    rabbitmq_node& broker = rabbitmq_node::shared();
    std::size_t refused = 0;
    for (int i = 0; i < times(40, 3); ++i) {
        const std::string vhost = broker.new_vhost();
        tcp_proxy road(broker.port());
        road.refuse(true);
        configuration how = through_broker(
            {.uris = {at_port(broker.uri(vhost), broker.port(), road.port())}, .queue_type = "quorum"});
        how.rest += "log: {level: debug}\n";
        daemon_under_test daemon(how);
        daemon.start();
        ordered_load senders({daemon.port()});
        sleep_for(150ms);
        road.refuse(false);
        sleep_for(500ms);
        const ordered_load::tally sent = senders.stop();
        const arrival told = arrived(sent, {&daemon});
        EXPECT_GT(sent.acked, 50U);
        EXPECT_EQ(told.lost, 0U);
        EXPECT_EQ(told.repeats, 0U);
        EXPECT_EQ(told.out_of_order, 0U) << daemon.log();
        const std::string log = daemon.log();
        for (std::size_t at = 0; (at = log.find("did not take an event", at)) != std::string::npos; ++at)
            ++refused;
    }
    std::cout << refused << " refused\n";
}

/// A handler that hangs and one that fails hold no message.
TEST(SlowHandlers, HoldNoMessageAndNoOtherHandler) {
    rabbitmq_node& broker = rabbitmq_node::shared();
    const std::string vhost = broker.new_vhost();
    daemon_under_test daemon(through_broker(
        {.uris = {broker.uri(vhost)},
         .handlers =
             "  out: {type: file, path: DIRECTORY/out.jsonl}\n"
             "  hangs: {type: exec, command: [sleep, \"60\"], timeout: 120s}\n"
             "  fails: {type: exec, command: [\"false\"], retry: {initial: 10ms, max: 100ms, attempts: "
             "1000000}}\n",
         .routes = "  - {match: \"*\", to: [out, hangs, fails]}\n"}));
    daemon.start();
    ordered_load senders({daemon.port()});
    const auto until = std::chrono::steady_clock::now() + lasting(std::chrono::minutes{10}, 10s);
    sleep_for(2s);
    while (std::chrono::steady_clock::now() < until) {
        sleep_for(500ms);
        // Ready and unacked of all work queues: what stays there over a second at 500 a second is more.
        const std::string counts =
            broker.ctl({"list_queues", "-q", "-p", vhost, "messages", "--no-table-headers"});
        std::istringstream lines(counts);
        std::uint64_t messages = 0;
        int queues = 0;
        for (std::uint64_t one = 0; lines >> one; ++queues)
            messages += one;
        ASSERT_GE(queues, 10) << counts;
        EXPECT_LT(messages, 500U);
    }
    const ordered_load::tally sent = senders.stop();
    const arrival told = arrived(sent, {&daemon});
    EXPECT_EQ(told.lost, 0U);
    EXPECT_EQ(told.out_of_order, 0U);
    EXPECT_EQ(told.repeats, 0U);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

} // namespace
} // namespace outreachd::tests
