/// Events by way of a real RabbitMQ broker: to handlers, to other programs, and past what goes wrong.
#include "tests/integration/load.hpp"
#include "tests/integration/shared_broker.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/integration/wire_client.hpp"
#include "tests/servers/rabbitmq_node.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

void expect_each_once(const daemon_under_test& worker) {
    for (const auto& [id, lines] : worker.delivered())
        EXPECT_EQ(lines.size(), 1U) << id;
}

/// Sends until that many are acknowledged.
load_tally send(const daemon_under_test& to, std::uint64_t count, std::uint64_t first_number = 1) {
    load senders({.port = to.port(), .connections = 4, .first_number = first_number, .pause = 4ms});
    EXPECT_TRUE(eventually([&] { return senders.acked_so_far() >= count; }, 60s));
    return senders.stop();
}

TEST(Amqp, CarriesEventsFromTheReceiverToTheWorkerOfOneProcess) {
    daemon_under_test daemon(through_broker({.uris = {broker().uri(broker().new_vhost())}}));
    daemon.start();
    const load_tally tally = send(daemon, 500);
    EXPECT_THAT(lost_after_waiting(tally.acked, {&daemon}), IsEmpty());
    expect_each_once(daemon);
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_outbox") == 0; }));
    EXPECT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    EXPECT_THAT(status_of(daemon), HasSubstr("\"reasons\":[]"));
    EXPECT_EQ(work_queues_of(daemon).size(), 8U);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.start();
    EXPECT_TRUE(daemon.drained());
    expect_each_once(daemon);
}

TEST(Amqp, CarriesThemToAnotherHostByQuorumQueuesToo) {
    const std::string uri = broker().uri(broker().new_vhost());
    daemon_under_test receiver(through_broker(
        {.uris = {uri}, .roles = "[receive]", .queue_type = "quorum", .handlers = "", .routes = ""}));
    daemon_under_test worker(through_broker({.uris = {uri}, .roles = "[work]", .queue_type = "quorum"}));
    receiver.start();
    worker.start();
    const load_tally tally = send(receiver, 500);
    EXPECT_THAT(lost_after_waiting(tally.acked, {&worker}), IsEmpty());
    expect_each_once(worker);
    EXPECT_TRUE(has_published_all(receiver));
    for (const daemon_under_test* const one : {&receiver, &worker})
        EXPECT_EQ(one->metric("outreachd_unaccounted"), 0);
    const auto listed =
        receiver.command({"events", "list", "--state", "published", "--limit", "1", "--json"});
    EXPECT_THAT(listed.out, HasSubstr("\"published_at\""));

    // A worker that lost its disk is filled again.
    worker.kill();
    std::filesystem::remove_all(worker.directory().at("store"));
    std::filesystem::remove(worker.directory().at("out.jsonl"));
    worker.start();
    const auto replayed = receiver.command({"events", "replay", "--since", "1h"});
    EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
    EXPECT_THAT(lost_after_waiting(tally.acked, {&worker}), IsEmpty());
    expect_each_once(worker);
    // And one that has them drops them.
    EXPECT_EQ(receiver.command({"events", "replay", "--since", "1h"}).exit_code, 0);
    EXPECT_TRUE(has_published_all(receiver));
    EXPECT_TRUE(eventually([&] { return worker.metric("outreachd_taken_in_repeats_total") >= 500; }));
    expect_each_once(worker);
}

TEST(Amqp, StartsWithoutItsBrokerAndCatchesUp) {
    tcp_proxy road(broker().port());
    road.refuse(true);
    daemon_under_test daemon(through_broker({.uris = {through(road, broker().new_vhost())}}));
    daemon.start();
    const load_tally tally = send(daemon, 200);
    EXPECT_LT(tally.slowest_ack, 1s);
    EXPECT_EQ(tally.wrong_status + tally.not_connected + tally.without_answer, 0U);
    EXPECT_GE(daemon.metric("outreachd_outbox"), 200);
    EXPECT_THAT(status_of(daemon), HasSubstr("not connected to the broker"));
    EXPECT_THAT(daemon.admin_get("/readyz"), HasSubstr("200")) << "it receives: it must not be taken out";
    road.refuse(false);
    EXPECT_THAT(lost_after_waiting(tally.acked, {&daemon}), IsEmpty());
    expect_each_once(daemon);
    EXPECT_THAT(status_of(daemon), HasSubstr("\"reasons\":[]"));
}

TEST(Amqp, GoesOnAfterCutsAndSilence) {
    tcp_proxy road(broker().port());
    daemon_under_test daemon(through_broker({.uris = {through(road, broker().new_vhost())}}));
    daemon.start();
    load senders({.port = daemon.port(), .connections = 10, .pause = 20ms});
    for (int i = 0; i < 5; ++i) {
        sleep_for(500ms);
        road.cut();
    }
    ASSERT_TRUE(eventually([&] { return daemon.metric("outreachd_outbox") < 50; }));
    const std::size_t before = road.connections();
    road.go_silent();
    ASSERT_TRUE(eventually([&] { return daemon.metric("outreachd_outbox") > 50; })) << "it is cut off";
    EXPECT_TRUE(eventually([&] { return road.connections() > before; }, 20s)) << "half-open";
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_outbox") < 50; }));
    const load_tally tally = senders.stop();
    EXPECT_LT(tally.slowest_ack, 1s);
    EXPECT_EQ(tally.wrong_status + tally.not_connected + tally.without_answer, 0U);
    EXPECT_THAT(lost_after_waiting(tally.acked, {&daemon}), IsEmpty());
    expect_each_once(daemon);
    EXPECT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

/// Each of its two copies takes longer than a broker is given to take, or to confirm, a small one.
TEST(Amqp, ALargeEventOverASlowLineGetsThereAndHoldsUpNeitherOthersNorTheEnd) {
    tcp_proxy road(broker().port());
    road.limit_to_server(700UL * 1024);
    daemon_under_test receiver(through_broker(
        {.uris = {through(road, broker().new_vhost())}, .roles = "[receive]", .handlers = "", .routes = ""}));
    receiver.start();
    wire_client client(receiver.port());
    ASSERT_TRUE(client.send(signed_post(R"({"data":{"type":"task","id":"large"},"padding":")" +
                                        std::string(8UL * 1024 * 1024, '.') + "\"}")));
    ASSERT_EQ(client.read_answer().status, 200);
    ASSERT_TRUE(eventually([&] { return road.bytes_to_server() > 1024 * 1024; }));
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(receiver.stop(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 8s);
    receiver.start();
    const load_tally tally = send(receiver, 20);
    EXPECT_EQ(tally.wrong_status, 0U);
    EXPECT_TRUE(eventually([&] { return receiver.metric("outreachd_outbox") == 0; }, 90s))
        << status_of(receiver);
    EXPECT_EQ(road.connections(), 2U) << receiver.log();
}

TEST(Amqp, AnswersOnceTheBrokerHasItWhereThatIsAskedFor) {
    tcp_proxy road(broker().port());
    daemon_under_test daemon(
        through_broker({.uris = {through(road, broker().new_vhost())}, .keys = ", ack: broker"}));
    daemon.start();
    const load_tally tally = send(daemon, 100);
    EXPECT_EQ(daemon.metric("outreachd_outbox"), 0) << "answered behind the confirm";
    road.stall(true);
    load stalled({.port = daemon.port(), .connections = 2, .first_number = 1'000'000});
    sleep_for(5s);
    EXPECT_EQ(stalled.acked_so_far(), 0U);
    const load_tally resets = stalled.stop();
    ASSERT_THAT(resets.resets_after, Not(IsEmpty()));
    for (const auto after : resets.resets_after) {
        EXPECT_GE(after, 3900ms);
        EXPECT_LE(after, 4500ms);
    }
    EXPECT_EQ(resets.wrong_status, 0U);
    road.stall(false);
    road.cut();
    // What was reset is safe all the same, and its repeat is answered.
    load again(
        {.port = daemon.port(), .connections = 1, .first_number = 1'000'000, .repeats_unanswered = true});
    EXPECT_TRUE(eventually([&] { return again.acked_so_far() > 0; }));
    EXPECT_TRUE(again.stop().acked.contains(1'000'000));
    EXPECT_THAT(lost_after_waiting(tally.acked, {&daemon}), IsEmpty());
    EXPECT_THAT(lost_after_waiting({1'000'000}, {&daemon}), IsEmpty());
    expect_each_once(daemon);
}

TEST(Amqp, ATopologyThatDiffersIsToldWhileEventsAreKept) {
    const std::string vhost = broker().new_vhost();
    {
        daemon_under_test quorum(through_broker({.uris = {broker().uri(vhost)}, .queue_type = "quorum"}));
        quorum.start();
        ASSERT_TRUE(eventually([&] { return work_queues_of(quorum).size() == 8; }));
        quorum.stop();
    }
    daemon_under_test daemon(through_broker({.uris = {broker().uri(vhost)}, .queue_type = "classic"}));
    daemon.start();
    const load_tally tally = send(daemon, 50);
    EXPECT_TRUE(eventually([&] { return status_of(daemon).find("inequivalent arg") != std::string::npos; }))
        << status_of(daemon);
    EXPECT_GE(daemon.metric("outreachd_outbox"), 50);
    EXPECT_THAT(daemon.admin_get("/readyz"), HasSubstr("inequivalent arg"));
    EXPECT_EQ(tally.wrong_status, 0U);
}

TEST(Amqp, WorkersShareTheQueuesOut) {
    const std::string uri = broker().uri(broker().new_vhost());
    daemon_under_test receiver(
        through_broker({.uris = {uri}, .roles = "[receive]", .handlers = "", .routes = ""}));
    daemon_under_test first(through_broker({.uris = {uri}, .roles = "[work]"}));
    daemon_under_test second(through_broker({.uris = {uri}, .roles = "[work]"}));
    daemon_under_test third(through_broker({.uris = {uri}, .roles = "[work]"}));
    const auto shares = [&](const std::vector<daemon_under_test*>& workers) {
        std::vector<std::size_t> found;
        for (const daemon_under_test* const one : workers)
            found.push_back(work_queues_of(*one).size());
        std::ranges::sort(found);
        return found;
    };
    using even = std::vector<std::size_t>;
    receiver.start();
    first.start();
    load senders({.port = receiver.port(), .connections = 10, .pause = 20ms});
    EXPECT_TRUE(eventually([&] { return shares({&first}) == even{8}; }, 10s));
    second.start();
    EXPECT_TRUE(eventually([&] { return shares({&first, &second}) == even{4, 4}; }, 10s));
    third.start();
    EXPECT_TRUE(eventually([&] { return shares({&first, &second, &third}) == even{2, 3, 3}; }, 10s));
    first.kill();
    EXPECT_TRUE(eventually([&] { return shares({&second, &third}) == even{4, 4}; }, 10s));
    EXPECT_EQ(second.stop(), 0);
    EXPECT_TRUE(eventually([&] { return shares({&third}) == even{8}; }, 10s));
    first.start();
    second.start();
    EXPECT_TRUE(eventually([&] { return shares({&first, &second, &third}) == even{2, 3, 3}; }, 10s));
    const load_tally tally = senders.stop();
    EXPECT_THAT(lost_after_waiting(tally.acked, {&first, &second, &third}), IsEmpty());
    for (const daemon_under_test* const one : {&receiver, &first, &second, &third})
        EXPECT_EQ(one->metric("outreachd_unaccounted"), 0);
}

TEST(Amqp, AQueueThatWorkersCountOnIsDurableAndMadeAnewWithoutLosingAnythingHeld) {
    const std::string vhost = broker().new_vhost();
    daemon_under_test worker(through_broker({.uris = {broker().uri(vhost)}, .roles = "[work]"}));
    worker.start();
    ASSERT_TRUE(eventually([&] { return work_queues_of(worker).size() == 8; }, 10s));
    const auto is_there = [&](const std::string& name) {
        return broker()
                   .evaluate("[N || [{name, {resource, _, queue, N}}] <- rabbit_amqqueue:info_all(<<\"" +
                             vhost + "\">>, [name])]")
                   .find("<<\"" + name + "\">>") != std::string::npos;
    };
    // One that is neither durable nor exclusive RabbitMQ refuses from 4.3 on.
    const std::string kinds = broker().ctl(
        {"list_queues", "-q", "-p", vhost, "name", "durable", "exclusive", "--no-table-headers"});
    EXPECT_THAT(kinds, HasSubstr("outreachd.workers\ttrue\tfalse\n"));
    EXPECT_THAT(kinds, HasSubstr("outreachd.workers.wanting\ttrue\tfalse\n"));
    EXPECT_THAT(kinds, Not(HasSubstr("false\tfalse")));
    for (const std::string name : {"outreachd.workers.wanting", "outreachd.workers"}) {
        ASSERT_TRUE(is_there(name));
        broker().evaluate("{ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<\"" + vhost +
                          "\">>, queue, <<\"" + name +
                          "\">>)), rabbit_amqqueue:delete(Q, false, false, <<\"test\">>)");
        EXPECT_TRUE(eventually([&] { return is_there(name); }, 10s)) << name;
        sleep_for(1s); // the workers look around twice
        EXPECT_EQ(work_queues_of(worker).size(), 8U) << name;
    }
    EXPECT_THAT(worker.log(), Not(HasSubstr("no connection to the broker")));
}

TEST(Amqp, WithoutABrokerAnyMoreTheOutboxGoesToHandlersHere) {
    tcp_proxy road(broker().port());
    road.refuse(true);
    daemon_under_test daemon(through_broker({.uris = {through(road, "none")}}));
    daemon.start();
    const load_tally tally = send(daemon, 300);
    EXPECT_EQ(daemon.stop(), 0);
    configuration embedded;
    daemon.configure(embedded);
    daemon.start();
    EXPECT_THAT(lost_after_waiting(tally.acked, {&daemon}), IsEmpty());
    expect_each_once(daemon);
    EXPECT_EQ(daemon.metric("outreachd_outbox"), 0);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

} // namespace
} // namespace outreachd::tests
