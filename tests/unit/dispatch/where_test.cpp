/// Routes with a `where`, with jq and on the real store.
#include "daemon/dispatch/router.hpp"
#include "tests/unit/dispatch/mended_dispatch.hpp"
#include "tests/unit/expression/children.hpp"

#include <csignal>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;
using namespace test;
using enum store::delivery_state;

/// A program that takes some tenths of a second and then says yes.
constexpr const char* slow_yes = "reduce range(400000) as $i (0; . + 1) > 0";

class Where : public RealDispatch {
protected:
    equipped_handler judging(const settings::handler& configured, scripted_handler::script play = succeed) {
        auto made = equip(configured, std::move(play));
        made.expressions = engine_;
        return made;
    }

    static std::vector<settings::route> to_crm(std::string where) {
        return {{{"*"}, {"crm"}, std::move(where)}};
    }

    std::shared_ptr<expression::engine> engine_ =
        std::make_shared<expression::engine>(2, expression::limits{.time = 20s});
};

TEST_F(Where, SendsWhatItWantsAndLeavesTheRestUnrouted) {
    start(to_crm(R"(.data.id == 1 and $event.name == "task.completed" and $event.resource_id == "1")"),
          these(judging(quick_handler("crm"))));
    const event_id wanted = add(1);
    const event_id unwanted = add(2);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(story(wanted).summary.state, store::event_state::done);
    EXPECT_EQ(story(unwanted).summary.state, store::event_state::unrouted);
    EXPECT_EQ(runs_->runs().size(), 1U);
    EXPECT_EQ(runs_of(wanted), 1U);
    dispatcher_->use(to_crm(".data.id == 2"), these(judging(quick_handler("crm"))));
    EXPECT_EQ(replay({unwanted}), 1U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(runs_of(unwanted), 1U);
}

TEST_F(Where, SeesABodyThatIsNoJsonAsNull) {
    start({{{"*"}, {"crm"}, ". == null"}, {{"*"}, {"audit"}, ".data"}},
          these(judging(quick_handler("crm")), judging(quick_handler("audit"))));
    const event_id unreadable = add(std::string("no JSON"));
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(story(unreadable).summary.state, store::event_state::done);
    EXPECT_EQ(story(unreadable).summary.deliveries.size(), 1U);
    dispatcher_->use(to_crm("false"), these(judging(quick_handler("crm"))));
    const event_id unwanted = add(std::string("no JSON either"));
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(unwanted, "").state, dead);
    EXPECT_EQ(delivery(unwanted, "").reason, unparsable_reason);
}

TEST_F(Where, AProgramThatFailsMakesADeadDeliveryOfEachHandler) {
    start({{{"*"}, {"crm", "audit"}, ".data.id.x"}, {{"*"}, {"audit"}, ".data.id == 2"}},
          these(judging(quick_handler("crm")), judging(quick_handler("audit"))));
    const event_id first = add(1);
    const event_id second = add(2);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(first, "crm").state, dead);
    EXPECT_EQ(delivery(first, "audit").state, dead);
    EXPECT_NE(delivery(first, "crm").reason.find("annot index number"), std::string::npos)
        << delivery(first, "crm").reason;
    EXPECT_EQ(delivery(second, "crm").state, dead);
    EXPECT_EQ(delivery(second, "audit").state, done) << "the other route wants it, whatever this one says";

    dispatcher_->use(to_crm(".data.id == 2"), these(judging(quick_handler("crm"))));
    EXPECT_EQ(store::revive(*store_, {delivery(first, "crm").delivery, delivery(second, "crm").delivery}),
              2U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(second, "crm").state, done);
    EXPECT_EQ(story(first).summary.deliveries.size(), 1U) << "unwanted: only audit's is left";
    EXPECT_EQ(story(first).summary.state, store::event_state::dead);
}

TEST_F(Where, IsNotAskedAgainForARetry) {
    const auto failing = [](const handlers::attempt& what) {
        return what.number < 3 ? outcome::retry("busy") : outcome::done();
    };
    auto configured = quick_handler("crm");
    configured.retry = {.attempts_max = 5, .initial = 100ms, .factor = 1, .max = 100ms, .jitter = 0};
    start(to_crm(".data"), these(judging(configured, failing)));
    const event_id id = add(1);
    ASSERT_TRUE(store::eventually([&] { return runs_of(id) == 1; }));
    dispatcher_->use(to_crm("false"), these(judging(configured, failing)));
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(id, "crm").state, done);
    EXPECT_EQ(runs_of(id), 3U);
}

TEST_F(Where, ASlowProgramHoldsUpItsOwnHandlerAlone) {
    start({{{"*"}, {"crm"}, slow_yes}, {{"*"}, {"audit"}}},
          these(judging(quick_handler("crm", 1)), judging(quick_handler("audit"))));
    for (int i = 0; i < 5; ++i)
        add(i);
    ASSERT_TRUE(store::eventually([&] { return runs_->runs().size() >= 5; }));
    const auto of_crm = [&] {
        std::size_t count = 0;
        for (const auto& run : runs_->runs())
            count += run.delivery == delivery_id(run.event, "crm") ? 1U : 0U;
        return count;
    };
    EXPECT_LT(of_crm(), 5U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(of_crm(), 5U);
}

TEST_F(Where, NothingIsBegunBehindAProgramThatTookUntilAfterTheStop) {
    start(to_crm(slow_yes), these(judging(quick_handler("crm"))));
    const event_id id = add(1);
    const sequence at = place_of(id);
    ASSERT_TRUE(store::eventually([&] { return dispatcher_->is_running("crm", at); }));
    EXPECT_TRUE(dispatcher_->stop(20s));
    dispatcher_.reset();
    EXPECT_EQ(runs_->runs().size(), 0U);
    EXPECT_EQ(delivery(id, "crm").state, pending);
}

TEST_F(Where, AHandlerThatIsRemovedWhileItJudgesKeepsItsDeliveries) {
    start(to_crm(slow_yes), these(judging(quick_handler("crm"))));
    const event_id id = add(1);
    const sequence at = place_of(id);
    ASSERT_TRUE(store::eventually([&] { return dispatcher_->is_running("crm", at); }));
    dispatcher_->use({}, {});
    ASSERT_TRUE(store::eventually([&] { return !dispatcher_->has("crm"); }));
    EXPECT_EQ(delivery(id, "crm").state, pending);
    EXPECT_EQ(runs_of(id), 0U);
    dispatcher_->use(to_crm(".data"), these(judging(quick_handler("crm"))));
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(id, "crm").state, done);
    EXPECT_EQ(runs_of(id), 1U);
}

/// It was to be delivered there, perhaps: nobody decides that it isn't.
TEST_F(Where, WhatNoRouteLeadsToAnyMoreIsDeadAndSaysWhy) {
    start(to_crm(slow_yes), these(judging(quick_handler("crm", 1))));
    const event_id first = add(1);
    const event_id waiting = add(2);
    ASSERT_TRUE(store::eventually([&] { return dispatcher_->is_running("crm", place_of(first)); }));
    ASSERT_TRUE(store::eventually([&] { return !story(waiting).summary.deliveries.empty(); }));
    dispatcher_->use({}, these(judging(quick_handler("crm", 1))));
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(waiting, "crm").state, dead);
    EXPECT_EQ(delivery(waiting, "crm").reason, no_route_reason);
    EXPECT_EQ(runs_of(waiting), 0U);
    dispatcher_->use(to_crm(".data.id == 2"), these(judging(quick_handler("crm", 1))));
    EXPECT_EQ(store::revive(*store_, {delivery(waiting, "crm").delivery}), 1U);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(delivery(waiting, "crm").state, done) << "judged by the route that leads there now";
}

/// A process that gets no time on a processor says nothing of the event.
TEST_F(Where, WhatTheMachineLetDownIsTriedAgainAndJudgedAgain) {
    engine_ = std::make_shared<expression::engine>(1, expression::limits{.time = 500ms});
    start(to_crm(".data.id != 2"), these(judging(quick_handler("crm"))));
    add(0);
    ASSERT_TRUE(wait_for_end());
    ASSERT_EQ(expression::test::children().size(), 1U);
    ::kill(*expression::test::children().begin(), SIGSTOP);
    const event_id first = add(1);
    const event_id second = add(2);
    ASSERT_TRUE(wait_for_end());
    EXPECT_EQ(story(first).summary.state, store::event_state::done);
    EXPECT_EQ(story(second).summary.state, store::event_state::unrouted);
    const auto of_first = story(first).attempts;
    const auto of_second = story(second).attempts;
    ASSERT_GE(of_first.size() + of_second.size(), 1U) << "the one that met the process";
    const auto& met = of_first.empty() ? of_second.front() : of_first.front();
    EXPECT_EQ(met.outcome, retry);
    EXPECT_NE(met.reason.find("processor"), std::string::npos) << met.reason;
}

} // namespace
} // namespace outreachd::dispatch
