/// Brokers and daemons die, and nothing that was acknowledged is lost, twice, or out of order. Each under
/// some 500 events a second. OUTREACHD_LONG=1: as often and as long as the guarantees say.
#include "tests/integration/long_run.hpp"
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <optional>
#include <sstream>
#include <string>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;

enum class roles { together, apart };

/// A receiver and a worker, as one process or two, and a broker that things happen to.
class broker_faults : public testing::Test {
protected:
    broker_faults(const std::string& queue_type, roles how)
        : road_(broker().port()), vhost_(broker().new_vhost()),
          receiver_(told_in_detail(how == roles::together
                                       ? broker_use{.uris = {uri()}, .queue_type = queue_type}
                                       : broker_use{.uris = {uri()},
                                                    .roles = "[receive]",
                                                    .queue_type = queue_type,
                                                    .handlers = "",
                                                    .routes = ""})) {
        if (how == roles::apart)
            other_.emplace(told_in_detail({.uris = {uri()}, .roles = "[work]", .queue_type = queue_type}));
        receiver_.start();
        if (other_)
            other_->start();
    }

    /// A short run's log tells of each event.
    static configuration told_in_detail(const broker_use& how) {
        configuration made = through_broker(how);
        if (!is_long())
            made.rest += "log: {level: debug}\n";
        return made;
    }

    daemon_under_test& worker() { return other_ ? *other_ : receiver_; }

    /// What was delivered of a resource, in order, and the daemons' logs.
    std::string story_of(const std::string& resource) {
        std::istringstream lines(read_file(worker().directory().at("out.jsonl")));
        std::string told;
        for (std::string line; std::getline(lines, line);)
            if (line.find("\"resource_id\":\"" + resource + '"') != std::string::npos)
                told += line + '\n';
        return told + (is_long() ? "" : receiver_.log() + (other_ ? other_->log() : ""));
    }

    static rabbitmq_node& broker() { return rabbitmq_node::shared(); }

    std::string uri() const { return at_port(broker().uri(vhost_), broker().port(), road_.port()); }

    bool has_caught_up() {
        return eventually([&] { return receiver_.metric("outreachd_outbox") < 200; }, 300s);
    }

    /// Of messages that the worker got, in the life of its process. `cuts`: what was in flight or unacked
    /// when a connection broke may come again.
    void expect_few_repeats(std::uint64_t cuts) {
        constexpr std::uint64_t window = 128;
        constexpr std::uint64_t unacked_max = 512;
        EXPECT_LE(worker().metric("outreachd_taken_in_repeats_total"),
                  static_cast<double>(cuts * (window + unacked_max)));
    }

    /// What is promised of every fault. `cuts`: connections that broke since the worker's start. `restarts`:
    /// of the daemons, which may repeat what ran then.
    void expect_all_is_well(ordered_load& senders, std::uint64_t cuts, std::uint64_t restarts = 0) {
        sleep_for(1s);
        const ordered_load::tally sent = senders.stop();
        EXPECT_TRUE(has_published_all(receiver_)) << status_of(receiver_);
        const arrival told = arrived(sent, {&worker()});
        std::cout << sent.acked << " acknowledged, " << sent.acked_per_second << " a second, slowest "
                  << sent.slowest_ack.count() << " ms, " << sent.unanswered << " unanswered, " << told.lost
                  << " lost, " << told.repeats << " repeated, " << told.out_of_order
                  << " out of order; repeats dropped: " << worker().metric("outreachd_taken_in_repeats_total")
                  << '\n';
        if (restarts == 0)
            expect_all_answered(sent);
        EXPECT_GT(sent.acked, 100U);
        EXPECT_EQ(sent.wrong_status, 0U);
        EXPECT_EQ(told.lost, 0U);
        EXPECT_EQ(told.out_of_order, 0U) << story_of(told.disordered);
        EXPECT_LE(told.repeats, restarts * 4) << "at most the deliveries that ran";
        expect_few_repeats(cuts);
        for (const daemon_under_test* const one : {&receiver_, &worker()}) {
            EXPECT_TRUE(one->drained());
            EXPECT_EQ(one->metric("outreachd_unaccounted"), 0);
        }
    }

    void kill_the_broker() {
        ordered_load senders({receiver_.port()});
        for (int i = 0; i < times(10, 1); ++i) {
            sleep_for(lasting(10s, 2s));
            broker().kill();
            sleep_for(lasting(60s, 3s));
            broker().start();
            EXPECT_TRUE(has_caught_up());
        }
        expect_all_is_well(senders, static_cast<std::uint64_t>(times(10, 1)));
    }

    void raise_a_memory_alarm() {
        ordered_load senders({receiver_.port()});
        sleep_for(2s);
        broker().set_memory_alarm(true);
        EXPECT_TRUE(eventually(
            [&] {
                return status_of(receiver_).find("the broker takes no more for now") != std::string::npos;
            },
            10s))
            << status_of(receiver_);
        sleep_for(lasting(30s, 5s));
        broker().set_memory_alarm(false);
        expect_all_is_well(senders, 0); // it is no reason to send again
    }

    tcp_proxy road_;
    const std::string vhost_;
    daemon_under_test receiver_;
    std::optional<daemon_under_test> other_; ///< The worker, where it is another process.
};

class BrokerFaultsApart : public broker_faults {
protected:
    BrokerFaultsApart() : broker_faults("quorum", roles::apart) {}
};

TEST_F(BrokerFaultsApart, TheBrokerIsKilled) {
    kill_the_broker();
}

TEST_F(BrokerFaultsApart, AMemoryAlarmIsOn) {
    raise_a_memory_alarm();
}

class BrokerFaults : public broker_faults, public testing::WithParamInterface<const char*> {
protected:
    BrokerFaults() : broker_faults(GetParam(), roles::together) {}
};

TEST_P(BrokerFaults, TheBrokerIsKilled) {
    kill_the_broker();
}

TEST_P(BrokerFaults, AMemoryAlarmIsOn) {
    raise_a_memory_alarm();
}

TEST_P(BrokerFaults, TheBrokerIsRestarted) {
    ordered_load senders({receiver_.port()});
    for (int i = 0; i < times(20, 1); ++i) {
        sleep_for(lasting(5s, 2s));
        broker().stop();
        broker().start();
        EXPECT_TRUE(has_caught_up());
    }
    expect_all_is_well(senders, static_cast<std::uint64_t>(times(20, 1)));
}

TEST_P(BrokerFaults, TheConnectionIsCutAgainAndAgain) {
    ordered_load senders({receiver_.port()});
    for (int i = 0; i < times(50, 10); ++i) {
        sleep_for(300ms);
        road_.cut();
    }
    expect_all_is_well(senders, static_cast<std::uint64_t>(times(50, 10)));
}

TEST_P(BrokerFaults, TheConnectionIsHalfOpen) {
    ordered_load senders({receiver_.port()});
    for (int i = 0; i < times(5, 1); ++i) {
        sleep_for(2s);
        const std::size_t before = road_.connections();
        road_.go_silent();
        ASSERT_TRUE(eventually([&] { return receiver_.metric("outreachd_outbox") > 200; }, 10s))
            << "it is cut off";
        EXPECT_TRUE(eventually([&] { return road_.connections() > before; }, 20s)) << "noticed within 20 s";
        EXPECT_TRUE(has_caught_up());
    }
    expect_all_is_well(senders, static_cast<std::uint64_t>(times(5, 1)));
}

TEST_P(BrokerFaults, TheConnectionStalls) {
    ordered_load senders({receiver_.port()});
    sleep_for(2s);
    road_.stall(true);
    sleep_for(lasting(30s, 12s));
    road_.stall(false);
    expect_all_is_well(senders, 4);
}

TEST_P(BrokerFaults, TheBrokerHangs) {
    ordered_load senders({receiver_.port()});
    sleep_for(2s);
    broker().freeze();
    sleep_for(lasting(30s, 12s));
    broker().thaw();
    expect_all_is_well(senders, 4);
}

TEST_P(BrokerFaults, TheDaemonIsKilledWhilePublishingAndConsuming) {
    const int kills = times(50, 8);
    ordered_load senders({receiver_.port()});
    for (int i = 0; i < kills; ++i) {
        sleep_for(std::chrono::milliseconds{300 + i * 37 % 700});
        expect_few_repeats(i == 0 ? 0 : 1); // by the kill before
        receiver_.kill();
        receiver_.start();
    }
    expect_all_is_well(senders, 1, static_cast<std::uint64_t>(kills));
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
        EXPECT_EQ(sent.wrong_status + sent.unanswered, 0U); // too short for a pace
        EXPECT_EQ(told.lost, 0U);
        EXPECT_EQ(told.repeats, 0U);
        EXPECT_EQ(told.out_of_order, 0U) << daemon.log();
        const std::string log = daemon.log();
        for (std::size_t at = 0; (at = log.find("did not take an event", at)) != std::string::npos; ++at)
            ++refused;
    }
    std::cout << refused << " refused\n";
}

} // namespace
} // namespace outreachd::tests
