/// Work queues change hands between workers, by a real RabbitMQ broker: what they brought stays in order.
#include "tests/integration/http_receiver.hpp"
#include "tests/integration/load.hpp"
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
#include <mutex>
#include <regex>
#include <set>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::size_t share_of(const daemon_under_test& worker) {
    return work_queues_of(worker).size();
}

/// Where all workers deliver to: the bodies of an ordered_load, each in its own time, some only at the second
/// attempt. Knows what came out of order, whichever worker brought it.
class counter_of_order {
public:
    reply take(const std::string& body) {
        const std::string resource = part_of(body, id_);
        const std::uint64_t number = std::stoull(part_of(body, number_));
        bool fails = false;
        {
            const std::lock_guard lock(mutex_);
            one_resource& of = by_resource_[resource];
            overlaps_ += of.is_running ? 1U : 0U;
            of.is_running = true;
            fails = number % 5 == std::stoull(resource) % 5 && of.failed.insert(number).second;
        }
        sleep_for(100ms + 50ms * (number % 3));
        const std::lock_guard lock(mutex_);
        one_resource& of = by_resource_[resource];
        of.is_running = false;
        if (fails)
            return {.status = 503};
        inversions_ += !of.done.empty() && *of.done.rbegin() > number ? 1U : 0U;
        repeats_ += of.done.insert(number).second ? 0U : 1U;
        return {};
    }

    struct figures {
        std::uint64_t lost = 0;
        std::uint64_t inversions = 0; ///< A number behind a higher one of its resource.
        std::uint64_t overlaps = 0;   ///< One came while another of its resource was under way.
        std::uint64_t repeats = 0;
    };

    figures against(const ordered_load::tally& sent) const {
        const std::lock_guard lock(mutex_);
        figures told{0, inversions_, overlaps_, repeats_};
        for (const auto& [resource, last] : sent.last_acked) {
            const auto known = by_resource_.find(resource);
            told.lost += last - (known == by_resource_.end() ? 0 : known->second.done.size());
        }
        return told;
    }

private:
    struct one_resource {
        bool is_running = false;
        std::set<std::uint64_t> done;
        std::set<std::uint64_t> failed;
    };

    static std::string part_of(const std::string& body, const std::regex& pattern) {
        std::smatch found;
        return std::regex_search(body, found, pattern) ? found[1].str() : "0";
    }

    const std::regex id_{R"re("id":"([0-9]+)")re"}; // made once: that isn't thread-safe in libstdc++
    const std::regex number_{R"re("number":([0-9]+))re"};

    mutable std::mutex mutex_; ///< Guards all below.
    std::map<std::string, one_resource> by_resource_;
    std::uint64_t inversions_ = 0;
    std::uint64_t overlaps_ = 0;
    std::uint64_t repeats_ = 0;
};

/// With one handler, `crm`, which sends everything there.
broker_use sending_to(const http_receiver& target, const std::string& uri) {
    return {.uris = {uri},
            .roles = "[work]",
            .handlers = "  crm: {type: http, url: \"" + target.url("/") +
                        "\", concurrency: 32, retry: {attempts: 1000, initial: 1s, max: 1s, jitter: 0}}\n",
            .routes = "  - {match: \"*\", to: [crm]}\n"};
}

broker_use receiving(const std::string& uri) {
    return {.uris = {uri}, .roles = "[receive]", .handlers = "", .routes = ""};
}

TEST(AmqpShares, AQueueThatMovesBetweenLiveWorkersKeepsTheOrderOfEachRecord) {
    counter_of_order counted;
    http_receiver target([&](const received_call& call) { return counted.take(call.body); });
    const std::string uri = broker().uri(broker().new_vhost());
    daemon_under_test receiver(through_broker(receiving(uri)));
    daemon_under_test first(through_broker(sending_to(target, uri)));
    daemon_under_test second(through_broker(sending_to(target, uri)));
    receiver.start();
    first.start();
    ASSERT_TRUE(eventually([&] { return share_of(first) == 8; }, 10s));
    // Each record has two events a second, which take the handler three quarters of the time: there is always
    // something unfinished.
    ordered_load senders({receiver.port()}, 16, 32);
    sleep_for(3s);
    second.start();
    EXPECT_TRUE(eventually([&] { return share_of(first) == 4 && share_of(second) == 4; }, 10s));
    sleep_for(2s);
    EXPECT_GT(first.pending_deliveries(), 0);
    EXPECT_EQ(first.stop(), 0);
    EXPECT_TRUE(eventually([&] { return share_of(second) == 8; }, 10s));
    sleep_for(1s);
    const ordered_load::tally sent = senders.stop();
    EXPECT_TRUE(has_published_all(receiver));
    const auto told = [&] { return counted.against(sent); };
    last_while_shrinking([&] { return told().lost; }, 250ms, 10s);
    std::cout << sent.acked << " acknowledged, " << told().lost << " lost, " << told().inversions
              << " out of order, " << told().overlaps << " beside another, " << told().repeats
              << " repeated\n";
    EXPECT_GT(sent.acked, 100U);
    EXPECT_EQ(told().lost, 0U);
    EXPECT_EQ(told().inversions, 0U);
    EXPECT_EQ(told().overlaps, 0U);
    EXPECT_EQ(told().repeats, 0U);
    EXPECT_EQ(second.metric("outreachd_unaccounted"), 0);
}

TEST(AmqpShares, ADeliveryThatFailsAgainAndAgainHoldsUpNoShare) {
    http_receiver target([](const received_call&) { return reply{.status = 503}; });
    const std::string uri = broker().uri(broker().new_vhost());
    daemon_under_test receiver(through_broker(receiving(uri)));
    daemon_under_test first(through_broker(sending_to(target, uri)));
    daemon_under_test second(through_broker(sending_to(target, uri)));
    receiver.start();
    first.start();
    ASSERT_EQ(receiver.command({"send", "task.completed", "--insecure"}).exit_code, 0);
    ASSERT_TRUE(eventually([&] { return first.pending_deliveries() == 1; }));
    second.start();
    EXPECT_TRUE(eventually([&] { return share_of(second) == 4; }, 12s)) << status_of(second);
    EXPECT_EQ(share_of(first), 4U);
}

TEST(AmqpShares, AWorkerThatFallsSilentLosesItsQueuesInTime) {
    const std::string vhost = broker().new_vhost();
    tcp_proxy road(broker().port());
    daemon_under_test receiver(through_broker(receiving(broker().uri(vhost))));
    daemon_under_test silent(through_broker(
        {.uris = {at_port(broker().uri(vhost), broker().port(), road.port())}, .roles = "[work]"}));
    daemon_under_test other(through_broker({.uris = {broker().uri(vhost)}, .roles = "[work]"}));
    receiver.start();
    silent.start();
    other.start();
    ASSERT_TRUE(eventually([&] { return share_of(silent) == 4 && share_of(other) == 4; }, 15s));
    road.refuse(true);
    road.go_silent();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(eventually([&] { return share_of(other) == 8; }, 12s));
    std::cout << "taken over after "
              << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                       began)
                     .count()
              << " ms\n";
    load senders({.port = receiver.port(), .connections = 4, .pause = 4ms});
    EXPECT_TRUE(eventually([&] { return senders.acked_so_far() >= 100; }));
    EXPECT_THAT(lost_after_waiting(senders.stop().acked, {&other}), IsEmpty());
}

TEST(AmqpShares, ATopologyThatDiffersIsToldByAWorkerForAsLongAsItDoes) {
    const std::string vhost = broker().new_vhost();
    tcp_proxy road(broker().port());
    broker_use how{.uris = {at_port(broker().uri(vhost), broker().port(), road.port())},
                   .roles = "[work]",
                   .keys = ", partitions: 2"};
    daemon_under_test worker(through_broker(how));
    worker.start();
    const auto delete_queues = [&] {
        for (const char* const queue : {"outreachd.work.0", "outreachd.work.1"})
            broker().ctl({"delete_queue", "-p", vhost, queue});
    };
    road.refuse(true);
    road.cut();
    delete_queues();
    {
        how.uris = {broker().uri(vhost)};
        how.queue_type = "quorum";
        daemon_under_test quorum(through_broker(how));
        quorum.start();
        ASSERT_TRUE(eventually([&] { return share_of(quorum) == 2; }, 10s));
        EXPECT_EQ(quorum.stop(), 0);
    }
    road.refuse(false);
    const auto says_so = [&] { return status_of(worker).find("inequivalent arg") != std::string::npos; };
    ASSERT_TRUE(eventually(says_so)) << status_of(worker);
    for (int i = 0; i < 30; ++i) {
        sleep_for(100ms);
        ASSERT_TRUE(says_so()) << "for no longer than " << i + 1 << " looks of 100 ms\n" << status_of(worker);
    }
    EXPECT_THAT(worker.admin_get("/readyz"), HasSubstr("503"));
    EXPECT_THAT(worker.admin_get("/readyz"), HasSubstr("inequivalent arg"));
    delete_queues();
    EXPECT_TRUE(eventually([&] { return !says_so() && share_of(worker) == 2; }, 10s)) << status_of(worker);
}

TEST(AmqpShares, QueuesBeyondTheNumberOfPartitionsAreEmptiedAndThenLeftAlone) {
    const std::string vhost = broker().new_vhost();
    const std::string uri = broker().uri(vhost);
    broker_use many = receiving(uri);
    many.keys = ", partitions: 8";
    daemon_under_test receiver(through_broker(many));
    receiver.start();
    load senders({.port = receiver.port(), .connections = 4, .pause = 4ms});
    EXPECT_TRUE(eventually([&] { return senders.acked_so_far() >= 200; }));
    const std::set<std::uint64_t> acked = senders.stop().acked;
    ASSERT_TRUE(has_published_all(receiver));
    daemon_under_test worker(through_broker({.uris = {uri}, .roles = "[work]", .keys = ", partitions: 3"}));
    worker.start();
    EXPECT_THAT(lost_after_waiting(acked, {&worker}), IsEmpty());
    for (const auto& [id, lines] : worker.delivered())
        EXPECT_EQ(lines.size(), 1U) << id;
    EXPECT_TRUE(eventually([&] { return share_of(worker) == 3; }, 20s)) << status_of(worker);
    EXPECT_THAT(work_queues_of(worker), ElementsAre(0, 1, 2));
    const std::string left = broker().ctl(
        {"list_queues", "-q", "-p", vhost, "--no-table-headers", "name", "messages", "consumers"});
    for (int partition = 0; partition < 8; ++partition)
        EXPECT_THAT(left, HasSubstr("outreachd.work." + std::to_string(partition) + "\t0\t" +
                                    (partition < 3 ? "1" : "0") + "\n"));
    EXPECT_EQ(worker.metric("outreachd_unaccounted"), 0);
}

} // namespace
} // namespace outreachd::tests
