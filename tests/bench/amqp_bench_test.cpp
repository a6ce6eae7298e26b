/// `amqp`: what it sends is confirmed and counted, arrives, and is held against each other rightly.

#include "tests/bench/amqp_drain.hpp"
#include "tests/bench/amqp_flow.hpp"
#include "tests/bench/amqp_latency.hpp"
#include "tests/bench/amqp_report.hpp"
#include "tests/bench/backlog.hpp"
#include "tests/bench/bare_publisher.hpp"
#include "tests/bench/scratch_vhost.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;
using amqp_connection::confirmed;
using test_servers::rabbitmq_node;

pair_confirms after_sending(std::uint64_t events) {
    pair_confirms made;
    for (std::uint64_t n = 0; n < events; ++n)
        made.note_sent({});
    return made;
}

TEST(PairConfirms, SettlesAnEventWithItsSecondConfirmWhicheverThatIs) {
    pair_confirms of = after_sending(3);
    of.take({.tag = 4}, {});
    of.take({.tag = 1}, {});
    EXPECT_EQ(of.settled(), 0U);
    of.take({.tag = 3}, {});
    EXPECT_EQ(of.settled(), 1U);
    of.take({.tag = 2}, {});
    EXPECT_EQ(of.settled(), 2U);
    EXPECT_EQ(of.in_flight(), 1U);
    EXPECT_EQ(of.latency().count(), 2U);
}

TEST(PairConfirms, TakesAllUpToTheTagOfAConfirmForMany) {
    pair_confirms of = after_sending(4);
    of.take({.tag = 3}, {});
    of.take({.tag = 5, .is_multiple = true}, {}); // the first of the third event's
    EXPECT_EQ(of.settled(), 2U);
    of.take({.tag = 5, .is_multiple = true}, {}); // says nothing new
    EXPECT_EQ(of.settled(), 2U);
    of.take({.tag = 8, .is_multiple = true}, {});
    EXPECT_EQ(of.settled(), 4U);
    EXPECT_EQ(of.in_flight(), 0U);
}

TEST(PairConfirms, RefusesWhatWouldSpoilTheCount) {
    pair_confirms of = after_sending(1);
    EXPECT_THROW(of.take({.tag = 3}, {}), std::runtime_error);
    EXPECT_THROW(of.take({.tag = 0}, {}), std::runtime_error);
    EXPECT_THROW(of.take({.tag = 1, .is_taken = false}, {}), std::runtime_error);
}

/// In the outbox of a store in `directory`.
void fill_outbox(const std::string& directory, std::uint64_t pending) {
    backlog_plan plan;
    plan.pending = pending;
    plan.body_bytes = 400;
    plan.waits_for_broker = true;
    prepare_backlog(directory, plan, {});
}

store::ledger accounts_of(const std::string& directory) {
    failing_observer watcher;
    return store::store({directory}, watcher).accounts();
}

class AmqpBench : public testing::TestWithParam<const char*> {
protected:
    settings::amqp_queue queue() const { return vhost_.queue(GetParam(), 2); }

    const flow_plan plan_{200, 16, 400};
    const store::temporary_directory directory_;

private:
    const scratch_vhost vhost_{rabbitmq_node::shared()};
};

TEST_P(AmqpBench, IntakeTakesAllThatTheBareLoopPublished) {
    const flow_result bare = run_bare(queue(), plan_);
    EXPECT_GT(bare.events, 0U);
    EXPECT_GT(bare.elapsed, 0ns);
    EXPECT_GT(bare.cpu, 0ns);
    // So few are taken between two looks, so that the store has to say how many.
    run_intake(directory_.path(), queue(), plan_);
    const store::ledger accounts = accounts_of(directory_.path());
    EXPECT_GE(accounts.received, plan_.warm_up() + plan_.measured);
    EXPECT_LE(accounts.received, plan_.total());
    EXPECT_EQ(accounts.pending, accounts.received); // for the handler that nobody runs
}

TEST_P(AmqpBench, RelayPublishesWhatWaitsInTheOutbox) {
    fill_outbox(directory_.path(), plan_.total());
    ASSERT_EQ(accounts_of(directory_.path()).pending, plan_.total());
    const flow_result result = run_relay(directory_.path(), queue(), plan_);
    EXPECT_GT(result.peak_resident_bytes, 1024U * 1024U);
    const store::ledger accounts = accounts_of(directory_.path());
    EXPECT_GE(accounts.published, plan_.warm_up() + plan_.measured);
    EXPECT_EQ(accounts.published + accounts.pending, plan_.total());
}

TEST_P(AmqpBench, EachAckedEventReachesItsHandler) {
    const store::temporary_directory worker;
    const latency_plan plan{100, 500ms, 16, 400, 100ms};
    const latency_result through = run_ack_to_handler(directory_.path(), worker.path(), queue(), plan);
    EXPECT_EQ(through.events, 50U);
    EXPECT_GT(through.p50, 0ns);
    EXPECT_GE(through.p99, through.p50);
    EXPECT_EQ(accounts_of(directory_.path()).published, 60U); // with the warm-up
    EXPECT_EQ(accounts_of(worker.path()).done, 60U);

    const latency_result bare = run_bare_at_rate(queue(), plan);
    EXPECT_EQ(bare.events, 50U);
    EXPECT_GT(bare.p50, 0ns);
}

TEST_P(AmqpBench, DrainsAllAndTimesAcksWithAndWithout) {
    fill_outbox(directory_.path(), 2000);
    std::uint64_t told = 0;
    const drain_result result = run_drain(directory_.path(), queue(), {200, 100ms, 400},
                                          [&told](std::uint64_t drained) { told = drained; });
    EXPECT_GE(result.quiet.events, 20U);
    EXPECT_GT(result.quiet.p99, 0ns);
    EXPECT_GT(result.draining_for, 0ns);
    EXPECT_EQ(told, result.drained);
    EXPECT_GT(result.drained, 0U);
    EXPECT_GE(accounts_of(directory_.path()).published, 2000U);
}

INSTANTIATE_TEST_SUITE_P(Queues, AmqpBench, testing::Values("quorum", "classic"));

flow_result at_rate(std::uint64_t events) {
    return {events, 1s, 10ms, 0};
}

TEST(AmqpReport, HoldsTheRelayAgainstTheBareLoopOfItsRound) {
    amqp_findings found;
    found.flows = {{{"quorum", 64},
                    {{at_rate(1000), at_rate(2000), at_rate(900)},
                     {at_rate(500), at_rate(2000), at_rate(300)},
                     {at_rate(2000), at_rate(2000), at_rate(1580)}}}};
    const flow_row& row = found.flows.front();
    EXPECT_DOUBLE_EQ(median_of(row.rounds, relay_share), 0.79);
    EXPECT_DOUBLE_EQ(median_of(row.rounds, intake_share), 2);
    EXPECT_FALSE(meets_targets(found));
    EXPECT_NE(as_text(found).find("window 64: 0.79 (UNDER 0.80)"), std::string::npos) << as_text(found);
    found.flows.front().rounds[2].relay = at_rate(1600);
    EXPECT_TRUE(meets_targets(found));
}

TEST(AmqpReport, HoldsAcksWhileDrainingAgainstThoseWithout) {
    amqp_findings found;
    found.drain = drain_result{{100, 1ms, 2ms, 3ms}, {100, 1ms, 3ms, 9ms}, 1000, 1s, 0};
    EXPECT_TRUE(meets_targets(found));
    found.drain->draining.p99 = 3100us;
    EXPECT_FALSE(meets_targets(found));
    EXPECT_NE(as_text(found).find("draining over not: 1.55 (OVER 1.50)"), std::string::npos)
        << as_text(found);
    found.drain->draining.events = 0;
    EXPECT_EQ(drain_ratio(*found.drain), std::nullopt);
}

} // namespace

} // namespace outreachd::bench
