/// From a committed event to settled deliveries.
#include "tests/unit/dispatch/dispatch_bench.hpp"

#include <gtest/gtest.h>

#include <set>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(Dispatcher, DeliversEachEventOnceToEachHandler) {
    bench on;
    const auto dispatcher =
        on.start({}, on.equip(quick_handler("crm"), succeed), on.equip(quick_handler("audit"), succeed));
    constexpr std::size_t events = 500;
    for (std::size_t i = 0; i < events; ++i)
        on.store.add(std::to_string(i % 50));
    ASSERT_TRUE(on.store.wait_for_finished("crm", events));
    ASSERT_TRUE(on.store.wait_for_finished("audit", events));
    EXPECT_TRUE(dispatcher->stop(10s));
    const auto runs = on.runs->runs();
    EXPECT_EQ(runs.size(), 2 * events);
    std::set<event_id> deliveries;
    for (const auto& run : runs)
        deliveries.insert(run.delivery);
    EXPECT_EQ(deliveries.size(), 2 * events);
    for (sequence at = 1; at <= static_cast<sequence>(events); ++at)
        EXPECT_EQ(on.store.delivery("crm", at).settlements, 1U);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

TEST(Dispatcher, GivesEachAttemptItsDeliveryIdNumberAndDeadline) {
    bench on;
    std::mutex mutex;
    std::vector<std::chrono::steady_clock::duration> left;
    auto configured = quick_handler("crm");
    configured.timeout = 7s;
    const auto dispatcher = on.start({}, on.equip(configured, [&](const handlers::attempt& what) {
        const std::lock_guard lock(mutex);
        left.push_back(what.deadline - std::chrono::steady_clock::now());
        return what.number < 3 ? outcome::retry("busy") : outcome::done();
    }));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher->stop(10s));
    const auto runs = on.runs->runs();
    ASSERT_EQ(runs.size(), 3U);
    for (std::size_t i = 0; i < runs.size(); ++i) {
        EXPECT_EQ(runs[i].number, i + 1);
        EXPECT_EQ(runs[i].delivery, delivery_id(runs[i].event, "crm"));
        EXPECT_LE(left[i], 7s);
        EXPECT_GT(left[i], 0s);
    }
    EXPECT_EQ(on.store.delivery("crm", 1).settlements, 3U);
}

TEST(Dispatcher, BuriesADeliveryWhoseAttemptsAreUsedUp) {
    bench on;
    const auto dispatcher = on.start(
        {}, on.equip(quick_handler("crm"), [](const handlers::attempt&) { return outcome::retry("busy"); }));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher->stop(10s));
    const auto& row = on.store.delivery("crm", 1);
    EXPECT_EQ(row.now.state, store::delivery_state::dead);
    EXPECT_EQ(row.now.attempts, 3U);
    EXPECT_EQ(row.reason, "busy (given up after 3 attempts)");
    EXPECT_NE(on.metrics.text().find(R"(outreachd_deliveries_total{handler="crm",outcome="dead"} 1)"),
              std::string::npos);
}

TEST(Dispatcher, BuriesAtOnceWhatAHandlerCallsDead) {
    bench on;
    const auto dispatcher = on.start(
        {}, on.equip(quick_handler("crm"), [](const handlers::attempt&) { return outcome::dead("gone"); }));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.store.delivery("crm", 1).reason, "gone");
    EXPECT_EQ(on.runs->runs().size(), 1U);
}

TEST(Dispatcher, GoesOnAfterAHandlerThatThrows) {
    bench on;
    const auto dispatcher =
        on.start({}, on.equip(quick_handler("crm", 1), [](const handlers::attempt& what) -> outcome {
            if (what.subject->facts.resource_id == "bad")
                throw std::runtime_error("no such table");
            return outcome::done();
        }));
    on.store.add("bad");
    on.store.add("good");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 2));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.store.delivery("crm", 1).reason,
              "the handler failed: no such table (given up after 3 attempts)");
    EXPECT_EQ(on.store.delivery("crm", 2).now.state, store::delivery_state::done);
}

TEST(Dispatcher, RecordsUnroutedAndUnparsableEvents) {
    bench on;
    std::vector<equipped_handler> equipped;
    equipped.push_back(on.equip(quick_handler("crm"), succeed));
    dispatcher dispatcher(on.store.open(), {{{"task.*"}, {"crm"}}}, std::move(equipped), on.log, on.metrics,
                          {});
    dispatcher.start();
    on.store.add("1", "call.created");
    on.store.add("", "unknown");
    on.store.add("2", "task.created");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(dispatcher.stop(10s));
    EXPECT_TRUE(on.store.routing_of(1).handlers.empty());
    EXPECT_EQ(on.store.routing_of(1).dead_reason, "");
    EXPECT_EQ(on.store.routing_of(2).dead_reason, "unparsable");
    EXPECT_EQ(on.store.routing_of(3).handlers, std::vector<store::destination>{"crm"});
}

TEST(Dispatcher, LetsNoHungHandlerDelayAnother) {
    bench on;
    gate closed;
    const auto dispatcher = on.start({},
                                     on.equip(quick_handler("hung"),
                                              [&](const handlers::attempt&) {
                                                  closed.pass();
                                                  return outcome::done();
                                              }),
                                     on.equip(quick_handler("audit"), succeed));
    for (int i = 0; i < 3'000; ++i)
        on.store.add(std::to_string(i));
    EXPECT_TRUE(on.store.wait_for_finished("audit", 3'000));
    EXPECT_TRUE(closed.wait_for_arrivals(4));
    EXPECT_EQ(dispatcher->running("hung"), 4U);
    EXPECT_EQ(dispatcher->running("nobody"), 0U);
    closed.open();
    EXPECT_TRUE(on.store.wait_for_finished("hung", 3'000));
    EXPECT_TRUE(dispatcher->stop(10s));
}

} // namespace
} // namespace outreachd::dispatch
