/// The connections of the `amqp` handler: kept, lost, blocked and frozen.
#include "handlers/amqp_pool.hpp"
#include "tests/servers/tcp_proxy.hpp"
#include "tests/unit/handlers/handler_at_rabbitmq.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace outreachd::handlers {
namespace {

using namespace test;
using testing::HasSubstr;

class AmqpHandlersConnection : public handler_at_rabbitmq {
protected:
    /// Under an alarm, with an event on its way that is over 1,000 bytes.
    std::unique_ptr<handler> make_with_one_given_up() {
        auto handling = make();
        EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
        node_.set_memory_alarm(true);
        attempt large = make_attempt(R"({"data":{},"more":")" + std::string(2'000, 'x') + "\"}");
        large.deadline = steady::now() + 500ms;
        expect_retry(handling->handle(large));
        return handling;
    }
};

TEST_F(AmqpHandlersConnection, UsesAConnectionAgain) {
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    const auto handling = make();
    for (int n = 0; n < 5; ++n)
        EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(proxy.connections(), 1U);
}

TEST_F(AmqpHandlersConnection, ReplacesAConnectionThatHasDiedMeanwhile) {
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    const auto handling = make();
    EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    proxy.cut();
    EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(proxy.connections(), 2U);
    EXPECT_EQ(receive().what.body, task_body);
    EXPECT_EQ(receive().what.body, task_body);
}

TEST_F(AmqpHandlersConnection, ComesBackAfterTheBroker) {
    reader_.close_channel(1);
    const auto handling = make();
    EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    node_.kill();
    expect_retry(handling->handle(make_attempt(task_body)));
    node_.start();
    EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
}

TEST_F(AmqpHandlersConnection, ReturnsByItsDeadline) {
    const auto handling = make();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    node_.freeze();
    // One has a connection, the other makes one.
    for (int n = 0; n < 2; ++n) {
        const auto begun = steady::now();
        const outcome said = handling->handle(attempt_within(700ms));
        EXPECT_LT(steady::now() - begun, 3s);
        expect_retry(said);
    }
    node_.thaw();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
}

TEST_F(AmqpHandlersConnection, NamesAnAlarmAndSendsNothingMoreUnderIt) {
    const auto handling = make();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().what.body, task_body);
    node_.set_memory_alarm(true);
    for (int n = 0; n < 3; ++n) {
        const outcome said = handling->handle(attempt_within(500ms));
        expect_retry(said);
        EXPECT_THAT(said.reason, HasSubstr("takes nothing now (an alarm"));
    }
    node_.set_memory_alarm(false);
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    // The first was on its way when the alarm was told; the two after it sent nothing.
    EXPECT_EQ(receive().what.body, task_body);
    EXPECT_EQ(receive().what.body, task_body);
    EXPECT_FALSE(reader_.next(300ms).has_value());
}

/// The broker takes it up when the alarm ends, and closes the channel over it.
TEST_F(AmqpHandlersConnection, WhatBecomesOfAnEarlierEventUnderAnAlarmIsNoVerdictOnThisOne) {
    const auto handling = make_with_one_given_up();
    const outcome said = with_size_limit(1'000, [&] {
        node_.set_memory_alarm(false);
        return handling->handle(attempt_within(20s));
    });
    EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
}

/// The same where this one waits for the end of the alarm.
TEST_F(AmqpHandlersConnection, NorIsItOnOneThatHasWaitedForTheEndOfTheAlarm) {
    const auto handling = make_with_one_given_up();
    outcome said;
    with_size_limit(1'000, [&] {
        std::thread waiting{[&] { said = handling->handle(attempt_within(20s)); }};
        std::this_thread::sleep_for(300ms); // so that it mostly waits by then; it holds either way
        node_.set_memory_alarm(false);
        waiting.join();
        return said;
    });
    EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
}

TEST_F(AmqpHandlersConnection, AbandonEndsWhatWaits) {
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    const auto handling = make();
    EXPECT_EQ(handling->handle(attempt_within(20s)).verdict, outcome::kind::done);
    proxy.stall(true);
    std::thread ending{[&] {
        std::this_thread::sleep_for(200ms); // so that it mostly waits by then; it holds either way
        handling->abandon();
    }};
    const auto begun = steady::now();
    expect_retry(handling->handle(attempt_within(60s)));
    ending.join();
    EXPECT_LT(steady::now() - begun, 5s);
}

TEST_F(AmqpHandlersConnection, ServesManyThreadsAtOnce) {
    constexpr int threads = 8;
    constexpr int each = 40;
    test_servers::tcp_proxy proxy{node_.port()};
    configured_.nodes.uris = {secret{"amqp://127.0.0.1:" + std::to_string(proxy.port()) + "/" + vhost_}};
    configured_.headers = {{"number", "${{ .data.id }}"}};
    const auto handling = make();
    std::vector<std::thread> running;
    for (int thread = 0; thread < threads; ++thread)
        running.emplace_back([&, thread] {
            for (int n = 0; n < each; ++n) {
                const std::string number = std::to_string(thread * each + n);
                const outcome said =
                    handling->handle(make_attempt(R"({"data":{"type":"task","id":)" + number +
                                                  R"(},"meta":{"eventName":"task.completed"}})"));
                EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
            }
        });
    for (std::thread& one : running)
        one.join();
    EXPECT_LE(proxy.connections(), static_cast<std::size_t>(threads));
    std::set<std::string> numbers;
    for (int n = 0; n < threads * each; ++n)
        numbers.insert(headers_of(receive())["number"]);
    EXPECT_EQ(numbers.size(), static_cast<std::size_t>(threads * each));
}

TEST_F(AmqpHandlersConnection, PoolClosesWhatNobodyNeeds) {
    amqp_pool pool{options_for(node_.uri(vhost_)), 300ms};
    pool.give_back(pool.open(steady::now() + patience));
    pool.give_back(pool.open(steady::now() + patience));
    // The reader's has a channel.
    const auto is_one_listed = [&] {
        return node_.ctl({"list_connections", "--silent", "vhost", "channels"}).find(vhost_ + "\t0") !=
               std::string::npos;
    };
    const auto give_up = steady::now() + patience;
    while (is_one_listed() && steady::now() < give_up)
        ;
    EXPECT_FALSE(is_one_listed());
    EXPECT_EQ(pool.take_idle(), nullptr);
}

} // namespace
} // namespace outreachd::handlers
