/// Order of one resource, and what runs in parallel.
#include "tests/unit/dispatch/dispatch_bench.hpp"

#include <gtest/gtest.h>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(DispatcherOrder, HoldsForEachResourceWithRetriesInBetween) {
    bench on;
    std::atomic<unsigned> calls = 0;
    auto configured = quick_handler("crm", 8);
    configured.retry.attempts_max = 100;
    const auto dispatcher =
        on.start({.runnable_max = 32}, on.equip(configured, [&](const handlers::attempt&) {
            // Lets the other workers in, so that two of one resource would meet.
            std::this_thread::sleep_for(100us);
            return calls++ % 3 == 0 ? outcome::retry("now and then") : outcome::done();
        }));
    constexpr std::size_t resources = 20;
    constexpr std::size_t each = 40;
    for (std::size_t i = 0; i < resources * each; ++i)
        on.store.add(std::to_string(i % resources));
    ASSERT_TRUE(on.store.wait_for_finished("crm", resources * each));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_FALSE(on.runs->has_overlap());
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});

    // In what order each resource's events first ran, a repeated attempt not counted.
    std::map<std::string, std::vector<event_id>> order;
    for (const auto& run : on.runs->runs()) {
        auto& seen = order[run.resource_id];
        if (seen.empty() || seen.back() != run.event)
            seen.push_back(run.event);
    }
    const auto reader = on.store.open()->open_reader();
    const auto events = reader->events_after(0, resources * each, 1 << 20);
    std::map<std::string, std::vector<event_id>> received;
    for (const auto& stored : *events)
        received[stored.subject->facts.resource_id].push_back(stored.subject->id);
    EXPECT_EQ(order, received);
}

TEST(DispatcherOrder, LetsOtherResourcesPassOneThatFails) {
    bench on;
    auto configured = quick_handler("crm", 2);
    configured.retry = {.attempts_max = 12, .initial = 1h, .max = 1h};
    const auto dispatcher = on.start({}, on.equip(configured, [](const handlers::attempt& what) {
        return what.subject->facts.resource_id == "bad" ? outcome::retry("busy") : outcome::done();
    }));
    for (int i = 0; i < 200; ++i) {
        on.store.add("bad");
        on.store.add("good");
    }
    EXPECT_TRUE(on.store.wait_for_finished("crm", 200));
    EXPECT_TRUE(dispatcher->stop(10s));
    std::size_t bad = 0;
    for (const auto& run : on.runs->runs())
        bad += run.resource_id == "bad" ? 1U : 0U;
    EXPECT_EQ(bad, 1U);
}

TEST(DispatcherOrder, RunsEventsWithoutAnIdAndUnorderedHandlersInParallel) {
    for (const bool has_id : {false, true}) {
        SCOPED_TRACE(has_id ? "ordering: none" : "no id");
        bench on;
        gate closed;
        auto configured = quick_handler("crm", 4);
        if (has_id)
            configured.ordering = settings::ordering::none;
        const auto dispatcher = on.start({}, on.equip(configured, [&](const handlers::attempt&) {
            closed.pass();
            return outcome::done();
        }));
        for (int i = 0; i < 4; ++i)
            on.store.add(has_id ? "1" : "");
        EXPECT_TRUE(closed.wait_for_arrivals(4));
        closed.open();
        EXPECT_TRUE(on.store.wait_for_finished("crm", 4));
        EXPECT_TRUE(dispatcher->stop(10s));
    }
}

TEST(DispatcherOrder, RunsDifferentResourcesInParallel) {
    bench on;
    gate closed;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 4), [&](const handlers::attempt&) {
        closed.pass();
        return outcome::done();
    }));
    for (int i = 0; i < 8; ++i)
        on.store.add(std::to_string(i / 2));
    EXPECT_TRUE(closed.wait_for_arrivals(4));
    EXPECT_FALSE(on.runs->has_overlap());
    closed.open();
    EXPECT_TRUE(on.store.wait_for_finished("crm", 8));
    EXPECT_TRUE(dispatcher->stop(10s));
}

TEST(DispatcherOrder, RunsTheNextOfAResourceOnlyAfterTheSettlementIsCommitted) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 4), succeed));
    on.store.hold_settlements(true);
    on.store.add("1");
    on.store.add("1");
    on.store.add("2");
    ASSERT_TRUE(on.store.wait_for_routed(3));
    ASSERT_TRUE(on.store.wait_until([&] { return on.store.waiting_commits() == 2; }));
    const auto runs = on.runs->runs();
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_NE(runs[0].resource_id, runs[1].resource_id);
    on.store.hold_settlements(false);
    ASSERT_TRUE(on.store.wait_for_finished("crm", 3));
    EXPECT_TRUE(dispatcher->stop(10s));
}

} // namespace
} // namespace outreachd::dispatch
