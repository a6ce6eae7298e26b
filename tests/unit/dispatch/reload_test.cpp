/// Handlers and routes that change while deliveries run.
#include "tests/no_threads.hpp"
#include "tests/unit/dispatch/dispatch_bench.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;

std::vector<equipped_handler> these(equipped_handler first) {
    std::vector<equipped_handler> all;
    all.push_back(std::move(first));
    return all;
}

std::vector<equipped_handler> these(equipped_handler first, equipped_handler second) {
    auto all = these(std::move(first));
    all.push_back(std::move(second));
    return all;
}

std::vector<settings::route> all_to(std::vector<std::string> handlers) {
    return {{{"*"}, std::move(handlers)}};
}

settings::handler changed(settings::handler before) {
    before.timeout += 1s;
    return before;
}

TEST(Reload, AChangedHandlerFinishesFirstAndItsSuccessorGoesOn) {
    bench on;
    gate closed;
    std::atomic<bool> has_new_begun = false;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 2), [&](const handlers::attempt&) {
        closed.pass();
        EXPECT_FALSE(has_new_begun);
        return outcome::done();
    }));
    for (int i = 0; i < 10; ++i)
        on.store.add(std::to_string(i));
    ASSERT_TRUE(closed.wait_for_arrivals(2));
    dispatcher->use(all_to({"crm"}),
                    these(on.equip(changed(quick_handler("crm", 2)), [&](const handlers::attempt&) {
                        has_new_begun = true;
                        return outcome::done();
                    })));
    on.store.add("later");
    ASSERT_TRUE(on.store.wait_for_routed(11));
    EXPECT_EQ(dispatcher->running("crm"), 2U);
    EXPECT_TRUE(dispatcher->is_running("crm", 1));
    EXPECT_FALSE(has_new_begun);
    closed.open();
    ASSERT_TRUE(on.store.wait_for_finished("crm", 11));
    EXPECT_TRUE(has_new_begun);
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), 11U) << "each once";
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

/// One that closes a connection which the other side doesn't answer on.
TEST(Reload, AHandlerThatTakesLongToEndHoldsUpNoQuestion) {
    gate end;
    bench on;
    std::shared_ptr<void> connection(nullptr, [&end](void*) { end.pass(); });
    const auto dispatcher = on.start(
        {}, on.equip(quick_handler("crm", 1),
                     [open = std::move(connection)](const handlers::attempt&) { return outcome::done(); }));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    dispatcher->use(all_to({"audit"}), these(on.equip(quick_handler("audit"), succeed)));
    ASSERT_TRUE(end.wait_for_arrivals(1));
    auto asked = std::async(std::launch::async, [&] { return dispatcher->has("audit"); });
    EXPECT_EQ(asked.wait_for(5s), std::future_status::ready);
    end.open();
    EXPECT_TRUE(asked.get());
    EXPECT_TRUE(dispatcher->stop(10s));
}

TEST(Reload, KeepsTheOrderOfAResourceWithItsRetries) {
    bench on;
    gate closed;
    auto slow = quick_handler("crm", 4);
    slow.retry = {.attempts_max = 10, .initial = 20ms, .factor = 1, .max = 20ms, .jitter = 0};
    const auto dispatcher = on.start({}, on.equip(slow, [&](const handlers::attempt&) {
        closed.pass();
        return outcome::retry("busy");
    }));
    for (std::size_t i = 0; i < 40; ++i)
        on.store.add(std::to_string(i % 2), "task.completed", i); // known by its length
    ASSERT_TRUE(closed.wait_for_arrivals(2));
    dispatcher->use(all_to({"crm"}), these(on.equip(changed(slow), succeed)));
    closed.open();
    ASSERT_TRUE(on.store.wait_for_finished("crm", 40));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_FALSE(on.runs->has_overlap());
    std::map<std::string, std::vector<std::size_t>> by_resource;
    for (const auto& run : on.runs->runs()) {
        auto& seen = by_resource[run.resource_id];
        if (seen.empty() || seen.back() != run.body_bytes)
            seen.push_back(run.body_bytes);
    }
    for (const auto& [id, seen] : by_resource) {
        EXPECT_EQ(seen.size(), 20U) << id;
        EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end())) << id;
    }
    EXPECT_EQ(on.store.delivery("crm", 1).now.attempts, 2U) << "the attempts go on";
}

TEST(Reload, WhatWaitsForARemovedHandlerStaysAndIsTakenUpWhenItIsBack) {
    bench on;
    gate closed;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 1), [&](const handlers::attempt&) {
        closed.pass();
        return outcome::done();
    }));
    for (int i = 0; i < 5; ++i)
        on.store.add(std::to_string(i));
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    ASSERT_TRUE(on.store.wait_for_routed(5));
    dispatcher->use(all_to({"audit"}), these(on.equip(quick_handler("audit"), succeed)));
    EXPECT_TRUE(dispatcher->has("crm")) << "it hasn't finished";
    closed.open();
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    on.store.add("5");
    ASSERT_TRUE(on.store.wait_for_finished("audit", 1));
    on.store.add("6");
    ASSERT_TRUE(on.store.wait_for_finished("audit", 2));
    EXPECT_TRUE(store::eventually([&] { return !dispatcher->has("crm"); }));
    EXPECT_EQ(on.store.finished("crm"), 1U);
    EXPECT_EQ(on.store.routing_of(6).handlers, std::vector<store::destination>{"audit"});

    dispatcher->use(all_to({"audit", "crm"}), these(on.equip(quick_handler("audit"), succeed),
                                                    on.equip(quick_handler("crm", 1), succeed)));
    ASSERT_TRUE(on.store.wait_for_finished("crm", 5)) << "without another event";
    on.store.add("7");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 6));
    ASSERT_TRUE(on.store.wait_for_finished("audit", 3));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), 5U + 3U + 1U);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

TEST(Reload, AnUnchangedHandlerGoesOnWithoutAPause) {
    bench on;
    gate closed;
    std::atomic<int> replaced = 0;
    const auto dispatcher =
        on.start({}, on.equip(quick_handler("crm", 2), [&](const handlers::attempt& what) {
            if (what.subject->facts.resource_id == "slow")
                closed.pass();
            return outcome::done();
        }));
    on.store.add("slow");
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    dispatcher->use(all_to({"crm"}), these(on.equip(quick_handler("crm", 2), [&](const handlers::attempt&) {
                        ++replaced;
                        return outcome::done();
                    })));
    for (int i = 0; i < 20; ++i)
        on.store.add(std::to_string(i));
    EXPECT_TRUE(on.store.wait_for_finished("crm", 20)) << "while the slow one still runs";
    EXPECT_EQ(replaced, 0);
    closed.open();
    EXPECT_TRUE(on.store.wait_for_finished("crm", 21));
    EXPECT_TRUE(dispatcher->stop(10s));
}

TEST(Reload, AHandlerThatHangsHoldsUpItsSuccessorAndNobodyElse) {
    bench on;
    const auto closed = std::make_shared<gate>();
    const auto hang = [closed](const handlers::attempt&) {
        closed->pass();
        return outcome::done();
    };
    const auto dispatcher =
        on.start({}, on.equip(quick_handler("hung", 1), hang), on.equip(quick_handler("good"), succeed));
    on.store.add("0");
    ASSERT_TRUE(closed->wait_for_arrivals(1));
    ASSERT_TRUE(on.store.wait_for_finished("good", 1));
    for (int i = 1; i <= 3; ++i) {
        auto again = quick_handler("hung", 1);
        again.timeout = std::chrono::seconds{i};
        auto good = quick_handler("good");
        good.timeout = std::chrono::seconds{i};
        dispatcher->use(all_to({"hung", "good"}), these(on.equip(again, succeed), on.equip(good, succeed)));
        on.store.add(std::to_string(i));
        ASSERT_TRUE(on.store.wait_for_finished("good", static_cast<std::size_t>(i) + 1));
    }
    EXPECT_EQ(on.store.finished("hung"), 0U) << "a delivery must not run twice at once";
    EXPECT_EQ(dispatcher->running("hung"), 1U);
    closed->open();
    EXPECT_TRUE(on.store.wait_for_finished("hung", 4));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), 8U);
    EXPECT_EQ(on.store.violations(), std::vector<std::string>{});
}

TEST(Reload, StopsBesideAHandlerThatHangsAndOneThatWaitsForIt) {
    bench on;
    const auto closed = std::make_shared<gate>();
    const auto dispatcher =
        on.start({}, on.equip(quick_handler("hung", 1), [closed](const handlers::attempt&) {
            closed->pass();
            return outcome::done();
        }));
    on.store.add("0");
    ASSERT_TRUE(closed->wait_for_arrivals(1));
    dispatcher->use(all_to({"hung"}), these(on.equip(changed(quick_handler("hung", 1)), succeed)));
    EXPECT_FALSE(dispatcher->stop(20ms));
    closed->open();
    ASSERT_TRUE(closed->wait_for_departures(1));
    EXPECT_EQ(on.store.finished("hung"), 0U);
}

TEST(Reload, GivesUpASuccessorThatNeverBegan) {
    bench on;
    gate closed;
    const auto first = quick_handler("crm", 1);
    const auto dispatcher = on.start({}, on.equip(first, [&](const handlers::attempt&) {
        closed.pass();
        return outcome::done();
    }));
    on.store.add("0");
    on.store.add("1");
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    dispatcher->use(all_to({"crm"}), these(on.equip(changed(first), [](const handlers::attempt&) {
                        return outcome::dead("it never began");
                    })));
    dispatcher->use(all_to({"crm"}), these(on.equip(first, succeed)));
    closed.open();
    ASSERT_TRUE(on.store.wait_for_finished("crm", 2));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.store.delivery("crm", 2).now.state, store::delivery_state::done);
}

TEST(Reload, RoutesWhatComesByTheNewTable) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm"), succeed));
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 1));
    dispatcher->use({{{"call.*"}, {"crm"}}}, these(on.equip(quick_handler("crm"), succeed)));
    on.store.add("2");
    on.store.add("3", "call.created");
    ASSERT_TRUE(on.store.wait_for_finished("crm", 2));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_TRUE(on.store.routing_of(2).handlers.empty());
    const store::stored_event asked{1, std::make_shared<event>(), false, {}};
    EXPECT_TRUE(dispatcher->route(asked).handlers.empty());
}

TEST(Reload, SurvivesWantOfThreadsAndGoesOnOnceThereAreSome) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("good"), succeed));
    on.store.add("0");
    ASSERT_TRUE(on.store.wait_for_finished("good", 1));
    {
        const no_threads now;
        dispatcher->use(all_to({"good", "crm"}), these(on.equip(quick_handler("good"), succeed),
                                                       on.equip(quick_handler("crm"), succeed)));
        on.store.add("1");
        ASSERT_TRUE(on.store.wait_for_finished("good", 2));
        on.store.add("2");
        ASSERT_TRUE(on.store.wait_for_finished("good", 3)) << "others go on meanwhile";
        EXPECT_EQ(on.store.finished("crm"), 0U);
    }
    EXPECT_TRUE(on.store.wait_for_finished("crm", 2)) << "by itself";
    EXPECT_TRUE(dispatcher->stop(10s));
}

/// A settlement that the disk holds up is a delivery that isn't finished.
TEST(Reload, WaitsForTheCommitOfWhatTheOldOneDid) {
    bench on;
    const auto dispatcher = on.start({}, on.equip(quick_handler("crm", 1), succeed));
    on.store.hold_settlements(true);
    on.store.add("1");
    ASSERT_TRUE(on.store.wait_for_routed(1));
    ASSERT_TRUE(on.store.wait_until([&] { return on.store.waiting_commits() == 1; }));
    dispatcher->use(all_to({"crm"}), these(on.equip(changed(quick_handler("crm", 1)), succeed)));
    on.store.add("2");
    ASSERT_TRUE(on.store.wait_for_routed(2));
    EXPECT_EQ(on.runs->runs().size(), 1U);
    on.store.hold_settlements(false);
    ASSERT_TRUE(on.store.wait_for_finished("crm", 2));
    EXPECT_TRUE(dispatcher->stop(10s));
    EXPECT_EQ(on.runs->runs().size(), 2U);
}

} // namespace
} // namespace outreachd::dispatch
