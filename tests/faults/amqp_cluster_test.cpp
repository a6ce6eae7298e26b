/// Several receivers, several workers and a cluster, of which one part after another dies. Each under some
/// 500 events a second.
#include "tests/integration/http_receiver.hpp"
#include "tests/integration/ordered_load.hpp"
#include "tests/integration/through_broker.hpp"
#include "tests/servers/rabbitmq_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <regex>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_cluster;

rabbitmq_cluster& cluster() {
    static rabbitmq_cluster one;
    return one;
}

class Cluster : public testing::Test {
protected:
    Cluster() : uris_(cluster().uris(cluster().new_vhost())) {
        for (int i = 0; i < 2; ++i) {
            receivers_.push_back(started(
                {.uris = uris_, .roles = "[receive]", .queue_type = "quorum", .handlers = "", .routes = ""}));
            std::ranges::rotate(uris_, uris_.begin() + 1); // each prefers another node
        }
        add_worker();
        add_worker();
    }

    static std::unique_ptr<daemon_under_test> started(const broker_use& how) {
        auto made = std::make_unique<daemon_under_test>(through_broker(how));
        made->start();
        return made;
    }

    void add_worker() { add_worker({.uris = uris_, .roles = "[work]", .queue_type = "quorum"}); }

    void add_worker(const broker_use& how) {
        workers_.push_back(started(how));
        std::ranges::rotate(uris_, uris_.begin() + 1);
    }

    std::vector<std::uint16_t> ports() const {
        std::vector<std::uint16_t> found;
        for (const auto& one : receivers_)
            found.push_back(one->port());
        return found;
    }

    std::vector<std::size_t> shares(const std::vector<std::size_t>& which) const {
        std::vector<std::size_t> found;
        for (const std::size_t one : which)
            found.push_back(work_queues_of(*workers_.at(one)).size());
        std::ranges::sort(found);
        return found;
    }

    double delivered() const {
        double sum = 0;
        for (const auto& one : workers_)
            sum += one->metric("outreachd_deliveries_total{handler=\"out\",outcome=\"done\"}");
        return sum;
    }

    double waiting() const {
        double sum = 0;
        for (const auto& one : receivers_)
            sum += one->metric("outreachd_outbox");
        return sum;
    }

    arrival expect_nothing_lost(ordered_load& senders) {
        sleep_for(1s);
        const ordered_load::tally sent = senders.stop();
        for (const auto& one : receivers_)
            EXPECT_TRUE(has_published_all(*one)) << status_of(*one);
        std::vector<const daemon_under_test*> all;
        for (const auto& one : workers_)
            all.push_back(one.get());
        const arrival told = arrived(sent, all);
        std::cout << sent.acked << " acknowledged, slowest ack " << sent.slowest_ack.count() << " ms, "
                  << told.lost << " lost, " << told.repeats << " repeated on one worker, " << told.across
                  << " on two, " << told.out_of_order << " out of order\n";
        EXPECT_GT(sent.acked, 1'000U);
        EXPECT_EQ(sent.wrong_status, 0U);
        EXPECT_LT(sent.slowest_ack, 1s);
        EXPECT_EQ(told.lost, 0U);
        EXPECT_EQ(told.out_of_order, 0U);
        for (const auto* const group : {&receivers_, &workers_})
            for (const auto& one : *group) {
                EXPECT_TRUE(one->drained());
                EXPECT_EQ(one->metric("outreachd_unaccounted"), 0);
            }
        return told;
    }

    std::vector<std::string> uris_;
    std::vector<std::unique_ptr<daemon_under_test>> receivers_;
    std::vector<std::unique_ptr<daemon_under_test>> workers_;
};

using even = std::vector<std::size_t>;

TEST_F(Cluster, GoesOnWithTwoNodesWhicheverIsKilled) {
    add_worker();
    ASSERT_TRUE(eventually([&] { return shares({0, 1, 2}) == even{2, 3, 3}; }, 15s));
    ordered_load senders(ports());
    for (std::size_t i = 0; i < rabbitmq_cluster::nodes; ++i) {
        sleep_for(2s);
        cluster().node(i).kill();
        sleep_for(2s);
        const std::uint64_t acked = senders.acked_so_far();
        EXPECT_TRUE(eventually([&] { return waiting() < 200; }, 60s)) << "published with two nodes\n"
                                                                      << status_of(*receivers_[0]) << '\n'
                                                                      << status_of(*receivers_[1]);
        EXPECT_TRUE(eventually(
            [&] {
                return shares({0, 1, 2}) == even{2, 3, 3};
            },
            60s))
            << status_of(*workers_[0]) << '\n'
            << status_of(*workers_[1]) << '\n'
            << status_of(*workers_[2]);
        EXPECT_TRUE(eventually([&] { return senders.acked_so_far() > acked + 200; }, 5s));
        const double done = delivered();
        EXPECT_TRUE(eventually([&] { return delivered() > done + 1'000; }, 20s)) << "with two nodes";
        cluster().node(i).start();
    }
    const arrival told = expect_nothing_lost(senders);
    EXPECT_EQ(told.repeats, 0U);
}

/// Workers whose handler takes its time. What it has done stands in each worker's file, as lines of a `file`
/// handler would.
class ClusterOfSlowWorkers : public Cluster {
protected:
    ClusterOfSlowWorkers() {
        workers_.clear();
        for (int i = 0; i < 2; ++i)
            add_worker({.uris = uris_,
                        .roles = "[work]",
                        .queue_type = "quorum",
                        .handlers = "  out: {type: http, concurrency: 32, url: \"" +
                                    target_.url("/" + std::to_string(i)) + "\"}\n"});
    }

    reply take(const received_call& call) {
        sleep_for(100ms);
        static const std::regex parts("\"id\":\"([0-9]+)\".*\"number\":([0-9]+)");
        std::smatch found;
        std::regex_search(call.body, found, parts);
        const std::lock_guard lock(mutex_);
        std::ofstream(workers_.at(std::stoul(call.target.substr(1)))->directory().at("out.jsonl"),
                      std::ios::app)
            << "{\"resource_id\":\"" << found[1].str() << "\",\"number\":" << found[2].str() << "}\n";
        return {};
    }

    std::mutex mutex_; // guards the files
    http_receiver target_{[this](const received_call& call) { return take(call); }};
};

TEST_F(ClusterOfSlowWorkers, ADeadWorkersQueuesAreTakenOverAndWhatItTookIsFinished) {
    ASSERT_TRUE(eventually([&] { return shares({0, 1}) == even{4, 4}; }, 15s));
    // Each record's events take half of the time.
    ordered_load senders(ports(), 40, 200);
    sleep_for(2s);
    EXPECT_TRUE(eventually([&] { return workers_[0]->pending_deliveries() >= 5; }));
    workers_[0]->kill();
    EXPECT_TRUE(eventually([&] { return shares({1}) == even{8}; }, 10s));
    sleep_for(1s);
    workers_[0]->start();
    EXPECT_TRUE(eventually([&] { return shares({0, 1}) == even{4, 4}; }, 10s));
    const arrival told = expect_nothing_lost(senders);
    EXPECT_LE(told.repeats, 32U) << "at most what ran when it died";
}

TEST_F(Cluster, AWorkerThatIsAddedTakesItsShareAndNothingComesTwice) {
    ASSERT_TRUE(eventually([&] { return shares({0, 1}) == even{4, 4}; }, 15s));
    ordered_load senders(ports());
    sleep_for(2s);
    add_worker();
    EXPECT_TRUE(eventually([&] { return shares({0, 1, 2}) == even{2, 3, 3}; }, 10s));
    sleep_for(1s);
    EXPECT_EQ(workers_[1]->stop(), 0);
    EXPECT_TRUE(eventually([&] { return shares({0, 2}) == even{4, 4}; }, 10s));
    sleep_for(1s);
    workers_[1]->start();
    const arrival told = expect_nothing_lost(senders);
    EXPECT_EQ(told.repeats, 0U);
    EXPECT_EQ(told.across, 0U);
}

} // namespace
} // namespace outreachd::tests
