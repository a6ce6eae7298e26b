/// Deliveries that are replayed, revived and judged while the dispatcher runs, on the real store.
#include "daemon/dispatch/router.hpp"
#include "tests/unit/dispatch/mended_dispatch.hpp"

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;
using enum store::delivery_state;

const std::vector<settings::route> all_to_crm{{{"*"}, {"crm"}}};
const std::vector<settings::route> conditional_to_crm{{{"*"}, {"crm"}, ".wanted"}};

TEST_F(RealDispatch, AReplayRunsOnceMoreUnderAnIdOfItsOwn) {
    start(all_to_crm, these(equip(quick_handler("crm"), succeed)));
    const event_id id = add(1);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(replay({id}), 1U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(replay({id}), 1U);
    ASSERT_TRUE(wait_for_end());
    const auto runs = runs_->runs();
    ASSERT_EQ(runs.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(runs[i].delivery, delivery_id(id, "crm", i));
        EXPECT_EQ(runs[i].number, 1U);
    }
}

TEST_F(RealDispatch, AReplayOfWhatRunsChangesNothing) {
    gate closed;
    start(all_to_crm, these(equip(quick_handler("crm"), [&](const handlers::attempt&) {
              closed.pass();
              return outcome::done();
          })));
    const event_id id = add(1);
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    EXPECT_TRUE(dispatcher_->is_running("crm", place_of(id)));
    EXPECT_EQ(replay({id}), 0U);
    closed.open();
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(runs_of(id), 1U);
}

/// While others run, wait behind their resource and wait for their retry.
TEST_F(RealDispatch, ReplaysAndRevivalsDoubleNothingElse) {
    gate closed;
    auto slow = quick_handler("crm", 2);
    slow.retry = {.attempts_max = 3, .initial = 300ms, .factor = 1, .max = 300ms, .jitter = 0};
    start(all_to_crm, these(equip(slow, [&](const handlers::attempt& what) {
              const auto& id = what.subject->facts.resource_id;
              if (id == "1" && what.number == 1)
                  return outcome::dead("refused");
              if (id == "2" && what.number == 1)
                  return outcome::retry("busy");
              if (id == "3")
                  closed.pass();
              return outcome::done();
          })));
    const event_id dead_one = add(1);
    ASSERT_TRUE(store::eventually([&] { return store_->accounts().dead == 1; }));
    const event_id retried = add(2);
    ASSERT_TRUE(store::eventually([&] { return runs_of(retried) == 1; }));
    const event_id held = add(3);
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    const event_id behind = add(store::task_body(3) + " ");
    const event_id done_one = add(4);
    ASSERT_TRUE(store::eventually([&] { return store_->accounts().done == 1; }));

    for (std::size_t i = 1; i <= 5; ++i) {
        EXPECT_EQ(replay({done_one, held, behind}), 1U);
        ASSERT_TRUE(store::eventually([&] { return runs_of(done_one) == 1 + i; }));
        ASSERT_TRUE(store::eventually([&] { return delivery(done_one, "crm").state == done; }));
    }
    ASSERT_EQ(store::revive(*store_, {delivery(dead_one, "crm").delivery}), 1U);
    closed.open();
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(runs_of(retried), 2U);
    EXPECT_EQ(runs_of(held), 1U);
    EXPECT_EQ(runs_of(behind), 1U);
    EXPECT_EQ(runs_of(dead_one), 2U);
    EXPECT_FALSE(runs_->has_overlap());
}

TEST_F(RealDispatch, ARevivedDeliveryTakesItsPlaceInItsResource) {
    gate closed;
    bool is_refused = true; // changed while nothing runs
    start(all_to_crm, these(equip(quick_handler("crm"), [&](const handlers::attempt&) {
              if (is_refused)
                  return outcome::dead("refused");
              closed.pass();
              return outcome::done();
          })));
    const event_id oldest = add(1);
    ASSERT_TRUE(wait_for_end());
    is_refused = false;
    const event_id running = add(store::task_body(1) + " ");
    ASSERT_TRUE(closed.wait_for_arrivals(1));
    const event_id newest = add(store::task_body(1) + "  ");
    const event_id revived = delivery(oldest, "crm").delivery;
    EXPECT_EQ(store::revive(*store_, {revived}), 1U);
    EXPECT_EQ(store::revive(*store_, {revived}), 0U);
    closed.open();
    ASSERT_TRUE(wait_for_end());
    const auto runs = runs_->runs();
    ASSERT_EQ(runs.size(), 4U);
    EXPECT_EQ(runs[1].event, running);
    EXPECT_EQ(runs[2].delivery, revived) << "the same id";
    EXPECT_EQ(runs[2].number, 1U) << "attempts from one";
    EXPECT_EQ(runs[3].event, newest);
    EXPECT_FALSE(runs_->has_overlap());
}

TEST_F(RealDispatch, ADeliveryThatFailsAgainCanBeRevivedAgain) {
    std::atomic<int> refusals = 3;
    start(all_to_crm, these(equip(quick_handler("crm"), [&](const handlers::attempt&) {
              return refusals-- > 0 ? outcome::dead("refused") : outcome::done();
          })));
    const event_id id = add(1);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(wait_for_end());
        EXPECT_EQ(store::revive(*store_, {delivery(id, "crm").delivery}), 1U);
    }
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(store_->accounts().done, 1U);
    EXPECT_EQ(runs_of(id), 4U);
    EXPECT_EQ(story(id).attempts.size(), 3U);
}

/// There is nothing to run programs with: each is a problem.
TEST_F(RealDispatch, AnUndecidedDeliveryIsDeadAndJudgedAgainOnceRevived) {
    start(conditional_to_crm, these(equip(quick_handler("crm"), succeed)));
    const event_id id = add(1);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(id, "crm").state, dead);
    EXPECT_NE(delivery(id, "crm").reason.find("where"), std::string::npos);
    EXPECT_EQ(delivery(id, "crm").attempts, 0U);
    ASSERT_EQ(store::revive(*store_, {delivery(id, "crm").delivery}), 1U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(id, "crm").state, dead) << "judged again";
    dispatcher_->use(all_to_crm, these(equip(quick_handler("crm"), succeed)));
    ASSERT_EQ(store::revive(*store_, {delivery(id, "crm").delivery}), 1U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(id, "crm").state, done);
    EXPECT_EQ(runs_of(id), 1U);
}

TEST_F(RealDispatch, WhatNoRouteLeadsToAnyMoreIsDeadAndHoldsUpNobody) {
    const event_id id = add(1);
    const event_id unreadable = add(std::string("no JSON"));
    const event_id next = add(store::task_body(1) + " ");
    const std::uint64_t key = 7;
    store::route(*store_, {{place_of(id), {{"crm", true}}, key, {}},
                           {place_of(unreadable), {{"crm", true}, {"audit", true}}, key, {}},
                           {place_of(next), {"crm"}, key, {}}});
    start({}, these(equip(quick_handler("crm"), succeed), equip(quick_handler("audit"), succeed)));
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(story(id).summary.state, store::event_state::dead);
    EXPECT_EQ(delivery(id, "crm").reason, no_route_reason);
    EXPECT_EQ(delivery(unreadable, "crm").reason, no_route_reason);
    EXPECT_EQ(delivery(unreadable, "audit").reason, no_route_reason);
    EXPECT_EQ(story(next).summary.state, store::event_state::done);
    EXPECT_EQ(runs_->runs().size(), 1U);

    dispatcher_->use(all_to_crm, these(equip(quick_handler("crm"), succeed)));
    EXPECT_EQ(store::revive(*store_, {delivery(id, "crm").delivery, delivery(unreadable, "crm").delivery}),
              2U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(store_->accounts().done, 2U);
    EXPECT_EQ(delivery(unreadable, "crm").state, done);
    EXPECT_EQ(runs_->runs().size(), 3U);
}

/// What waits for a handler is still there when it comes back, whatever the routes said meanwhile.
TEST_F(RealDispatch, AHandlerThatLeavesJudgesNothingByRoutesThatAreNotItsOwn) {
    start(conditional_to_crm, these(equip(quick_handler("crm"), succeed)));
    int next_id = 0;
    for (int round = 0; round < 60; ++round) {
        for (int i = 0; i < 4; ++i)
            add(next_id++);
        dispatcher_->use({}, {});
        dispatcher_->use(conditional_to_crm, these(equip(quick_handler("crm"), succeed)));
    }
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(store_->accounts().unrouted, 0U);
    EXPECT_EQ(store_->accounts().dead, static_cast<std::uint64_t>(next_id));
}

} // namespace
} // namespace outreachd::dispatch
