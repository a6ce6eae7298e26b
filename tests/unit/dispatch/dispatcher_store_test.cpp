/// What the dispatcher does when the store holds more than memory, fails, hangs or is damaged.
#include "daemon/dispatch/lane.hpp"
#include "daemon/dispatch/router.hpp"
#include "tests/unit/dispatch/dispatch_bench.hpp"
#include "tests/unit/log/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(DispatcherStore, LoadsWhatExceededTheWindowFromTheStore) {
    bench on;
    gate closed;
    const auto dispatcher =
        on.start({.runnable_max = 16}, on.equip(quick_handler("crm", 2), [&](const handlers::attempt&) {
            closed.pass();
            return outcome::done();
        }));
    constexpr std::size_t events = 2'000;
    for (std::size_t i = 0; i < events; ++i)
        on.store.add(std::to_string(i));
    ASSERT_TRUE(on.store.wait_for_routed(events));
    closed.open();
    ASSERT_TRUE(on.store.wait_for_finished("crm", events));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), events);
    EXPECT_GT(on.store.single_reads(), events / 2);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

TEST(DispatcherStore, ReadsBackWhatTheInboxDropped) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm"), succeed));
    on.store.hold_commits(true);
    constexpr std::size_t events = 6'000;
    for (std::size_t i = 0; i < events; ++i)
        on.store.add(std::to_string(i));
    on.store.hold_commits(false);
    ASSERT_TRUE(on.store.wait_for_finished("crm", events));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), events);
    EXPECT_LE(on.store.largest_batch(), 256U);
    EXPECT_GT(on.store.largest_batch(), 1U);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

TEST(DispatcherStore, RoutesAtTheStartWhatWasStoredBefore) {
    bench on;
    for (int i = 0; i < 600; ++i)
        on.store.add_quietly(std::to_string(i));
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm"), succeed));
    EXPECT_TRUE(on.store.wait_for_finished("crm", 600));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), 600U);
}

TEST(DispatcherStore, HandsOverNothingBeforeItsRouteIsCommitted) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm"), succeed));
    on.store.hold_commits(true);
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_until([&] { return on.store.waiting_commits() == 1; }));
    EXPECT_TRUE(on.runs->runs().empty());
    on.store.hold_commits(false);
    EXPECT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher->stop(10s));
}

TEST(DispatcherStore, RunsNoMoreThanItsWorkersBeforeTheirSettlementsAreCommitted) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 3), succeed));
    on.store.hold_settlements(true);
    for (int i = 0; i < 100; ++i)
        on.store.add(std::to_string(i));
    ASSERT_TRUE(on.store.wait_for_routed(100));
    ASSERT_TRUE(on.store.wait_until([&] { return on.store.waiting_commits() == 3; }));
    // A crash now would repeat these three and no more.
    EXPECT_EQ(on.runs->runs().size(), 3U);
    EXPECT_EQ(dispatcher->running("crm"), 3U);
    on.store.hold_settlements(false);
    ASSERT_TRUE(on.store.wait_for_finished("crm", 100));
    EXPECT_TRUE(dispatcher->stop(10s));
}

TEST(DispatcherStore, StopsWithoutASettlementThatTheDiskHoldsUp) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 1), succeed));
    on.store.hold_settlements(true);
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_routed(1));
    ASSERT_TRUE(on.store.wait_until([&] { return on.store.waiting_commits() == 1; }));
    // The handler is through: no thread is left behind, and the settlement comes with the commit.
    EXPECT_TRUE(dispatcher->stop(10ms));
    on.store.hold_settlements(false);
    EXPECT_TRUE(on.store.wait_for_finished("crm", 1));
}

TEST(DispatcherStore, GoesOnAfterReadsThatFailed) {
    bench on;
    for (int i = 0; i < 10; ++i)
        on.store.add_quietly(std::to_string(i));
    on.store.fail_reads(3);
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm"), succeed));
    EXPECT_TRUE(on.store.wait_for_finished("crm", 10));
    EXPECT_EQ(on.store.failed_reads(), 3U);
    EXPECT_TRUE(dispatcher->stop(10s));
}

/// The lines of a dispatcher whose first reads fail so.
std::string logged_of_reads_that_fail(errc failure) {
    log::captured_stderr captured;
    {
        bench on;
        on.log.set_level(log::level::info);
        on.store.add_quietly("1");
        on.store.fail_reads(2, failure);
        const auto dispatcher = on.start({}, on.equip(quick_handler("crm"), succeed));
        EXPECT_TRUE(on.store.wait_for_finished("crm", 1));
        EXPECT_TRUE(dispatcher->stop(10s));
    }
    return captured.read_all();
}

TEST(DispatcherStore, TellsOnceThatDeliveriesWaitForReads) {
    const std::string lines = logged_of_reads_that_fail(errc::store_unavailable);
    const auto first = lines.find(" warn deliveries wait until the store can be read again");
    EXPECT_NE(first, std::string::npos) << lines;
    EXPECT_EQ(lines.find("deliveries wait", first + 20), std::string::npos) << lines;
    EXPECT_NE(lines.find("the store can be read again\n"), std::string::npos) << lines;
}

TEST(DispatcherStore, TellsOfNoFailureWhereOlderFilesAreCarriedOver) {
    const std::string lines = logged_of_reads_that_fail(errc::being_carried_over);
    EXPECT_NE(lines.find(" info deliveries wait for what is carried over"), std::string::npos) << lines;
    EXPECT_NE(lines.find(" info deliveries go on"), std::string::npos) << lines;
    EXPECT_EQ(lines.find("read"), std::string::npos) << lines;
}

TEST(DispatcherStore, CountsNoAttemptForAnEventThatCouldNotBeRead) {
    bench on;
    const auto dispatcher =
        on.start({.body_bytes_max = 0}, on.equip(quick_handler("crm"), [&](const handlers::attempt& what) {
            if (what.number == 1)
                on.store.fail_reads(1);
            return what.number == 1 ? outcome::retry("again") : outcome::done();
        }));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.store.failed_reads(), 1U);
    EXPECT_EQ(on.store.delivery("crm", 1).now.attempts, 2U);
}

TEST(DispatcherStore, BuriesEventsThatAreDamagedBeforeRouting) {
    bench on;
    on.store.add_quietly("1");
    on.store.damage(1);
    on.store.add_quietly("2");
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm"), succeed));
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.store.routing_of(1).dead_reason, damaged_reason);
    EXPECT_EQ(on.runs->runs().size(), 1U);
}

TEST(DispatcherStore, BuriesADeliveryWhoseEventIsDamagedLater) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 1), [&](const handlers::attempt&) {
        on.store.damage(1);
        return outcome::retry("again");
    }));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.store.delivery("crm", 1).reason, damaged_reason);
    EXPECT_EQ(on.store.delivery("crm", 1).now.attempts, 1U);
}

TEST(DispatcherStore, BuriesADeliveryWhoseEventIsGoneAndGoesOnWithItsResource) {
    bench on;
    const auto dispatcher = on.start(
        {}, on.equip(quick_handler("crm", 1), [&, is_first = true](const handlers::attempt&) mutable {
            if (!std::exchange(is_first, false))
                return outcome::done();
            on.store.hide(1, true);
            return outcome::retry("again");
        }));
    on.store.add("330021");
    on.store.add("330021");
    EXPECT_TRUE(on.store.wait_for_finished("crm", 2));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.store.missed_reads(), 1U);
    EXPECT_EQ(on.store.delivery("crm", 1).now.state, store::delivery_state::dead);
    EXPECT_EQ(on.store.delivery("crm", 1).reason, gone_reason);
    EXPECT_EQ(on.store.delivery("crm", 1).now.attempts, 1U);
    EXPECT_EQ(on.store.delivery("crm", 2).now.state, store::delivery_state::done);
}

TEST(DispatcherStore, TakesUpDeliveriesThatWereCarriedOverBehindItsBack) {
    bench on;
    {
        const auto first = on.start({}, on.equip(quick_handler("audit"), succeed));
        on.store.add("carried");
        ASSERT_TRUE(on.store.wait_for_finished("audit", 1));
        EXPECT_TRUE(first->stop(10s));
    }
    const auto dispatcher =
        on.start({}, on.equip(quick_handler("audit"), succeed), on.equip(quick_handler("crm"), succeed));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    on.store.carry_in("crm", 1);
    EXPECT_TRUE(on.store.wait_for_finished("crm", 2));
    on.store.add("2");
    EXPECT_TRUE(on.store.wait_for_finished("crm", 3));
    EXPECT_TRUE(on.store.wait_for_finished("audit", 3));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), 6U);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

} // namespace
} // namespace outreachd::dispatch
