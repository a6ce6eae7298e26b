/// One handler hangs and one fails for ever, and no message waits at the broker for either.
#include "tests/integration/long_run.hpp"
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/servers/ack_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <string>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;

#ifdef OUTREACHD_SANITIZED
constexpr double oldest_bound = 10; // seconds: all is slower
#else
constexpr double oldest_bound = 2;
#endif

/// RabbitMQ's words, in the daemon's log whichever call of it they reach.
constexpr const char* channel_closed = "delivery acknowledgement on channel";

/// At 500 events a second: eight seconds, in the long run ten minutes, and with OUTREACHD_LONG=hour an hour.
TEST(SlowHandlers, HoldNoMessageAndNoOtherHandler) {
    rabbitmq_node& broker = rabbitmq_node::shared();
    const test_servers::ack_limit a_second(broker, 1s); // no sample can miss one
    const std::string vhost = broker.new_vhost();
    const std::string uri = broker.uri(vhost);
    daemon_under_test receiver(
        through_broker({.uris = {uri}, .roles = "[receive]", .handlers = "", .routes = ""}));
    daemon_under_test worker(through_broker(
        {.uris = {uri},
         .roles = "[work]",
         .handlers =
             "  out: {type: file, path: DIRECTORY/out.jsonl}\n"
             "  hangs: {type: exec, command: [sleep, \"60\"], timeout: 120s}\n"
             "  fails: {type: exec, command: [\"false\"], retry: {initial: 10ms, max: 100ms, attempts: "
             "1000000}}\n",
         .routes = "  - {match: \"*\", to: [out, hangs, fails]}\n"}));
    receiver.start();
    worker.start();
    ASSERT_TRUE(eventually([&] { return work_queues_of(worker).size() == 8; }));
    const auto messages = [&] { // ready and unacked, of all queues
        return std::stoull(
            broker.evaluate("lists:sum([N || [{messages, N}] <- rabbit_amqqueue:info_all(<<\"" + vhost +
                            "\">>, [messages])])"));
    };

    const unsigned rate = 500;
    const std::uint64_t events = is_an_hour_long() ? 1'800'000 : is_long() ? 300'000 : 4'000;
    ordered_load senders({receiver.port()}, 20, rate);
    std::uint64_t messages_max = 0;
    double oldest_max = 0;
    while (senders.acked_so_far() < events && !HasFailure()) {
        sleep_for(500ms);
        const std::uint64_t waiting = messages();
        const double oldest = worker.metric("outreachd_oldest_pending_seconds{handler=\"out\"}");
        EXPECT_LT(waiting, rate) << "those of a second";
        EXPECT_LT(oldest, oldest_bound) << "of the handler that is well";
        messages_max = std::max(messages_max, waiting);
        oldest_max = std::max(oldest_max, oldest);
    }
    const ordered_load::tally sent = senders.stop();
    EXPECT_TRUE(eventually([&] { return messages() == 0; }, 5s)) << messages() << " are left";
    const arrival told = arrived(sent, {&worker});
    std::cout << sent.acked << " acknowledged, " << sent.acked_per_second << " a second, slowest "
              << sent.slowest_ack.count() << " ms; at most " << messages_max << " messages at the broker, "
              << oldest_max << " s until delivered\n";
    expect_all_answered(sent);
    EXPECT_EQ(told.lost, 0U);
    EXPECT_EQ(told.out_of_order, 0U);
    EXPECT_EQ(told.repeats, 0U);
    EXPECT_GE(worker.metric("outreachd_pending{handler=\"hangs\"}"), static_cast<double>(sent.acked - 100));
    EXPECT_EQ(worker.metric("outreachd_pending{handler=\"fails\"}"), static_cast<double>(sent.acked));
    for (const daemon_under_test* const one : {&receiver, &worker})
        EXPECT_EQ(one->metric("outreachd_unaccounted"), 0);
    // What was taken from a channel that was closed comes again.
    const auto was_late = [&] {
        return worker.metric("outreachd_taken_in_repeats_total") > 0 ||
               worker.log().find(channel_closed) != std::string::npos;
    };
    EXPECT_FALSE(was_late()) << "unacked for longer than a second\n" << worker.log();

    // And there it would stand.
    ordered_load more({receiver.port()});
    sleep_for(200ms);
    worker.signal(SIGSTOP);
    sleep_for(3s);
    worker.signal(SIGCONT);
    EXPECT_TRUE(eventually(was_late, 10s)) << worker.log();
    // It ends those channels, and nothing beside them.
    EXPECT_TRUE(eventually([&] { return work_queues_of(worker).size() == 8; }, 20s));
    EXPECT_EQ(worker.log().find("no connection to the broker"), std::string::npos) << worker.log();
}

} // namespace
} // namespace outreachd::tests
