/// Starts, stops, restarts, and handlers that hang.
#include "tests/unit/dispatch/dispatch_bench.hpp"

#include <gtest/gtest.h>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(DispatcherLife, TakesUpAtTheNextStartWhatAStopLeft) {
    bench on;
    {
        const auto first = on.start({.runnable_max = 8}, on.equip(quick_handler("crm", 2), succeed));
        for (int i = 0; i < 500; ++i)
            on.store.add(std::to_string(i % 10));
        ASSERT_TRUE(on.store.wait_for_finished("crm", 20));
        EXPECT_TRUE(first->stop(10s));
    }
    for (int i = 0; i < 100; ++i)
        on.store.add(std::to_string(i % 10));
    const auto second = on.start({.runnable_max = 8}, on.equip(quick_handler("crm", 2), succeed));
    EXPECT_TRUE(on.store.wait_for_finished("crm", 600));
    EXPECT_TRUE(second->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), 600U);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

TEST(DispatcherLife, KeepsAttemptsAndDueTimesOverARestart) {
    bench on;
    auto configured = quick_handler("crm");
    configured.retry = {.attempts_max = 3, .initial = 1h, .max = 1h, .jitter = 0};
    {
        const auto first = on.start(
            {}, on.equip(configured, [](const handlers::attempt&) { return outcome::retry("busy"); }));
        on.store.add("1");
        ASSERT_TRUE(on.store.wait_until(
            [&] { return on.store.routed() == 1 && on.store.delivery("crm", 1).settlements == 1; }));
        EXPECT_TRUE(first->stop(10s));
    }
    const auto second = on.start({}, on.equip(configured, succeed));
    on.store.add("2");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    EXPECT_TRUE(second->stop(10s));
    EXPECT_EQ(on.store.delivery("crm", 1).now.state, store::delivery_state::retry);
    EXPECT_EQ(on.store.delivery("crm", 1).now.attempts, 1U);
    EXPECT_EQ(on.runs->runs().size(), 2U);
}

TEST(DispatcherLife, FinishesWhatRunsWithinTheTimeout) {
    bench on;
    gate closed;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 1), [&](const handlers::attempt&) {
        closed.pass();
        return outcome::done();
    }));
    on.store.add("1");
    on.store.add("2");
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    std::thread opens([&] { closed.open(); });
    EXPECT_TRUE(dispatcher->stop(20s));
    opens.join();
    // The first was running and is settled; the second may have been begun before the stop.
    EXPECT_GE(on.store.finished("crm"), 1U);
    EXPECT_EQ(on.store.finished("crm"), on.runs->runs().size());
}

TEST(DispatcherLife, GivesBackWhatAHungHandlerHolds) {
    bench on;
    const auto closed = std::make_shared<gate>();
    const auto dispatcher =
        on.start({}, on.equip(quick_handler("hung", 2), [closed](const handlers::attempt&) {
            closed->pass();
            return outcome::done();
        }));
    on.store.add("1");
    on.store.add("2");
    ASSERT_TRUE(closed->wait_for_arrivals(2));
    EXPECT_FALSE(dispatcher->stop(10ms));
    EXPECT_EQ(on.store.delivery("hung", 1).now.state, store::delivery_state::pending);

    // What the abandoned threads say later is not taken: the next start may have run it already.
    closed->open();
    ASSERT_TRUE(closed->wait_for_departures(2));
    const auto second = on.start({}, on.equip(quick_handler("hung", 2), succeed));
    EXPECT_TRUE(on.store.wait_for_finished("hung", 2));
    EXPECT_TRUE(second->stop(10s));
    EXPECT_EQ(on.store.delivery("hung", 1).settlements, 1U);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

/// Hangs until it is abandoned.
class hanging_handler final : public handlers::handler {
public:
    explicit hanging_handler(
        std::shared_ptr<gate> closed, std::function<void()> abandoned = [] {})
        : closed_(std::move(closed)), abandoned_(std::move(abandoned)) {}

    outcome handle(const handlers::attempt&) override {
        closed_->pass();
        return outcome::done();
    }

    void abandon() override {
        abandoned_();
        closed_->open();
    }

private:
    const std::shared_ptr<gate> closed_;
    const std::function<void()> abandoned_;
};

TEST(DispatcherLife, TellsAHandlerThatItWaitsForItNoLonger) {
    bench on;
    const auto hangs = std::make_shared<gate>();
    const auto is_idle = std::make_shared<gate>();
    std::vector<equipped_handler> equipped;
    equipped.push_back({quick_handler("hangs", 1), std::make_unique<hanging_handler>(hangs)});
    equipped.push_back({quick_handler("idle", 1), std::make_unique<hanging_handler>(is_idle)});
    settings::route route;
    route.match = {"*"};
    route.to = {"hangs"};
    dispatcher dispatcher(on.store.open(), {route}, std::move(equipped), on.log, on.metrics, {});
    dispatcher.start();
    on.store.add("1");
    ASSERT_TRUE(hangs->wait_for_arrivals(1));
    EXPECT_FALSE(dispatcher.stop(10ms));
    EXPECT_TRUE(hangs->is_open());
    EXPECT_FALSE(is_idle->is_open());
    // What it says then is no attempt.
    EXPECT_TRUE(hangs->wait_for_departures(1));
    EXPECT_EQ(on.store.delivery("hangs", 1).settlements, 0U);
}

/// Operators may give up all that waits for a handler that there isn't.
TEST(DispatcherLife, HasItsHandlersForAsLongAsItStopsAndAfter) {
    bench on;
    const auto hangs = std::make_shared<gate>();
    std::unique_ptr<dispatcher> stopping;
    bool are_had_meanwhile = false;
    std::vector<equipped_handler> equipped;
    equipped.push_back(on.equip(quick_handler("idle", 1), succeed));
    equipped.push_back({quick_handler("hangs", 1), std::make_unique<hanging_handler>(hangs, [&] {
                            are_had_meanwhile = stopping->has("idle") && stopping->has("hangs");
                        })});
    settings::route route;
    route.match = {"*"};
    route.to = {"hangs"};
    stopping = std::make_unique<dispatcher>(on.store.open(), std::vector{route}, std::move(equipped), on.log,
                                            on.metrics, lane_limits{});
    stopping->start();
    on.store.add("1");
    ASSERT_TRUE(hangs->wait_for_arrivals(1));
    EXPECT_FALSE(stopping->stop(10ms));
    EXPECT_TRUE(are_had_meanwhile);
    EXPECT_TRUE(stopping->has("idle"));
    EXPECT_TRUE(stopping->has("hangs"));
    EXPECT_FALSE(stopping->has("never"));
    EXPECT_TRUE(hangs->wait_for_departures(1));
}

TEST(DispatcherLife, StopsWhileTheDiskHangs) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 2), succeed));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    on.store.hold_commits(true);
    on.store.add("2");
    ASSERT_TRUE(on.store.wait_until([&] { return on.store.waiting_commits() == 1; }));
    // No handler runs, so no thread is left behind.
    EXPECT_TRUE(dispatcher->stop(10ms));
    on.store.hold_commits(false);
    ASSERT_TRUE(on.store.wait_for_routed(2));
    const auto second = on.start({}, on.equip(quick_handler("crm", 2), succeed));
    EXPECT_TRUE(on.store.wait_for_finished("crm", 2));
    EXPECT_TRUE(second->stop(10s));
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

TEST(DispatcherLife, EndsWithoutHavingBeenStartedOrStopped) {
    bench on;
    {
        std::vector<equipped_handler> equipped;
        equipped.push_back(on.equip(quick_handler("crm"), succeed));
        dispatcher never_started(on.store.open(), {}, std::move(equipped), on.log, on.metrics, {});
        EXPECT_TRUE(never_started.stop(1s));
    }
    const auto never_stopped = on.start({}, on.equip(quick_handler("crm"), succeed));
    on.store.add("1");
    EXPECT_TRUE(on.store.wait_for_finished("crm", 1));
}

} // namespace
} // namespace outreachd::dispatch
