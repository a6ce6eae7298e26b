/// What operators do with deliveries: replay, revive, discard.
#include "daemon/store/database.hpp"
#include "tests/unit/store/mended_store.hpp"

#include <gmock/gmock.h>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;
using enum delivery_state;
using testing::ElementsAre;

TEST_F(Mending, ReplayMakesNewDeliveriesAndKeepsTheStory) {
    open();
    const sequence at = add(1, {"crm", "audit"});
    const event_id first_id = delivery(at, "crm").delivery;
    settle_as(at, "crm", retry, 1, "busy");
    settle_as(at, "crm", dead, 2, "refused");
    settle_as(at, "audit", done);
    ASSERT_EQ(state(at), event_state::dead);

    EXPECT_EQ(replay_to(at, {"crm", "audit"}), 2U);
    EXPECT_EQ(state(at), event_state::pending);
    for (const std::string handler : {"crm", "audit"}) {
        const auto waiting = unfinished(handler);
        ASSERT_EQ(waiting.size(), 1U) << handler;
        EXPECT_EQ(waiting[0].attempts, 0U);
        EXPECT_EQ(waiting[0].replay, 1U);
        EXPECT_EQ(waiting[0].ordering_key, key_of(at));
        EXPECT_FALSE(waiting[0].next_attempt_at);
        EXPECT_EQ(delivery(at, handler).delivery, delivery_id(ids_.at(at), handler, 1));
        EXPECT_EQ(delivery(at, handler).reason, "");
    }
    EXPECT_NE(delivery(at, "crm").delivery, first_id);
    expect_no_differences_over_a_restart();

    settle_as(at, "crm", done);
    settle_as(at, "audit", done);
    EXPECT_EQ(state(at), event_state::done);
    EXPECT_EQ(replay_to(at, {"crm"}), 1U);
    EXPECT_EQ(unfinished("crm").at(0).replay, 2U);
    settle_as(at, "crm", dead, 1, "refused again");

    // Those that succeeded at once, too: all that was tried before is told.
    std::vector<std::string> told;
    const event_story whole = story(at);
    for (const attempt_record& one : whole.attempts)
        told.push_back(one.handler + " " + std::string(to_string(one.outcome)) + " " + one.reason);
    EXPECT_THAT(told, testing::UnorderedElementsAre("crm retry busy", "crm dead refused", "audit done ",
                                                    "crm done ", "crm dead refused again"));
    EXPECT_TRUE(std::ranges::is_sorted(whole.attempts, {}, &attempt_record::started_at));
    expect_no_differences_over_a_restart();
}

TEST_F(Mending, ReplayLeavesWhatIsNotFinishedAsItIs) {
    open();
    const sequence at = add(1, {"crm", "audit", "mail"});
    settle_as(at, "audit", retry, 3, "busy");
    settle_as(at, "mail", done);
    EXPECT_EQ(replay_to(at, {"crm", "audit"}), 0U);
    EXPECT_EQ(unfinished("audit").at(0).attempts, 3U);
    EXPECT_EQ(unfinished("audit").at(0).replay, 0U);
    EXPECT_EQ(replay_to(at, {"crm", "audit", "mail", "new"}), 2U);
    EXPECT_EQ(unfinished("crm").at(0).replay, 0U);
    EXPECT_EQ(unfinished("mail").at(0).replay, 1U);
    EXPECT_EQ(unfinished("new").at(0).replay, 1U);
    expect_no_differences_over_a_restart();
}

TEST_F(Mending, ReplayTakesUpWhatWentToNobody) {
    open();
    const sequence unrouted = add(1, {});
    const sequence unparsable = add(2, {}, "unparsable");
    ASSERT_EQ(opened_->dead_without_handler(), 1U);
    EXPECT_EQ(replay_to(unrouted, {"crm"}), 1U);
    EXPECT_EQ(replay_to(unparsable, {"crm"}), 1U);
    EXPECT_EQ(opened_->dead_without_handler(), 0U);
    EXPECT_EQ(story(unrouted).summary.deliveries.size(), 1U) << "nobody's delivery is gone";
    EXPECT_EQ(opened_->accounts().pending, 2U);
    expect_no_differences_over_a_restart();
    EXPECT_EQ(unfinished("crm").size(), 2U);
}

TEST_F(Mending, ReplayPassesOverWhatItMustNot) {
    open();
    const sequence done_before = add(1, {"crm"});
    settle_as(done_before, "crm", done);
    EXPECT_EQ(replay_to(done_before, {}), 0U) << "it goes to nobody now";
    EXPECT_EQ(state(done_before), event_state::done);
    EXPECT_EQ(replay_to(12345, {"crm"}), 0U) << "no such event";
    const auto waiting = append(*opened_, task_body(2)); // not routed yet: it is about to be
    const sequence at = opened_->open_reader()->story(waiting.result.id).value().summary.sequence;
    EXPECT_EQ(replay_to(at, {"crm"}), 0U);
    EXPECT_TRUE(unfinished("crm").empty());
    route(*opened_, {{at, {"crm"}, 0, {}}});
    EXPECT_EQ(unfinished("crm").size(), 1U);
}

TEST_F(Mending, ReviveBeginsWithTheFirstAttemptUnderTheSameId) {
    open();
    const sequence at = add(1, {"crm", "audit"});
    settle_as(at, "audit", done);
    settle_as(at, "crm", retry, 1, "busy");
    settle_as(at, "crm", dead, 2, "refused");
    const event_id id = delivery(at, "crm").delivery;
    ASSERT_EQ(opened_->open_reader()->event_of_dead(id).value(), ids_.at(at));

    EXPECT_EQ(revive(*opened_, {id}), 1U);
    EXPECT_EQ(revive(*opened_, {id}), 0U) << "it isn't dead any more";
    EXPECT_EQ(discard(*opened_, {id}), 0U);
    EXPECT_EQ(state(at), event_state::pending);
    const delivery_record revived = delivery(at, "crm");
    EXPECT_EQ(revived.delivery, id);
    EXPECT_EQ(revived.state, pending);
    EXPECT_EQ(revived.attempts, 0U);
    EXPECT_EQ(revived.reason + revived.last_answer, "");
    EXPECT_FALSE(revived.finished_at);
    EXPECT_EQ(delivery(at, "audit").state, done);
    EXPECT_EQ(opened_->open_reader()->event_of_dead(id).error(), errc::not_found);
    expect_no_differences_over_a_restart();
    EXPECT_EQ(unfinished("crm").at(0).replay, 0U);

    settle_as(at, "crm", dead, 1, "refused again");
    EXPECT_EQ(story(at).attempts.size(), 3U);
    EXPECT_EQ(revive(*opened_, {id}), 1U) << "as often as one likes";
    settle_as(at, "crm", done);
    EXPECT_EQ(state(at), event_state::done);
    expect_no_differences_over_a_restart();
}

TEST_F(Mending, RevivesAReplayedDeliveryByItsOwnId) {
    open();
    const sequence at = add(1, {"crm"});
    settle_as(at, "crm", dead, 1, "refused");
    const event_id first = delivery(at, "crm").delivery;
    replay_to(at, {"crm"});
    EXPECT_EQ(revive(*opened_, {first}), 0U);
    settle_as(at, "crm", dead, 1, "refused");
    EXPECT_EQ(revive(*opened_, {first}), 0U);
    EXPECT_EQ(revive(*opened_, {delivery(at, "crm").delivery}), 1U);
    EXPECT_EQ(unfinished("crm").at(0).replay, 1U);
}

TEST_F(Mending, DeadWithoutAHandlerIsDiscardedAndNotRevived) {
    open();
    const sequence at = add(1, {}, "unparsable");
    const event_id id = delivery(at, "").delivery;
    EXPECT_EQ(revive(*opened_, {id}), 0U);
    EXPECT_EQ(state(at), event_state::dead);
    EXPECT_EQ(discard(*opened_, {id}), 1U);
    EXPECT_EQ(state(at), event_state::discarded);
    EXPECT_EQ(opened_->dead_without_handler(), 0U);
    expect_no_differences_over_a_restart();
    EXPECT_EQ(replay_to(at, {"crm"}), 1U) << "a route may take it by now";
    EXPECT_EQ(state(at), event_state::pending);
}

TEST_F(Mending, DiscardGivesUpOneDeliveryAndKeepsItsStory) {
    open();
    const sequence at = add(1, {"crm", "audit"});
    settle_as(at, "crm", dead, 1, "refused");
    settle_as(at, "audit", done);
    EXPECT_EQ(discard(*opened_, {delivery(at, "crm").delivery}), 1U);
    EXPECT_EQ(state(at), event_state::done) << "the other one has had it";
    EXPECT_EQ(delivery(at, "crm").state, discarded);
    EXPECT_EQ(delivery(at, "crm").reason, "refused");
    EXPECT_EQ(revive(*opened_, {delivery(at, "crm").delivery}), 0U);

    const sequence alone = add(2, {"crm"});
    settle_as(alone, "crm", dead, 1, "refused");
    EXPECT_EQ(discard(*opened_, {delivery(alone, "crm").delivery, delivery(alone, "crm").delivery}), 1U);
    EXPECT_EQ(state(alone), event_state::discarded);
    EXPECT_EQ(opened_->accounts().discarded, 1U);
    expect_no_differences_over_a_restart();
    event_filter only;
    only.state = event_state::discarded;
    EXPECT_EQ(opened_->open_reader()->list(only).value().records.size(), 1U);
    EXPECT_EQ(replay_to(alone, {"crm"}), 1U);
    EXPECT_EQ(unfinished("crm").at(0).replay, 1U);
}

TEST_F(Mending, DiscardsWhatWaitsForAHandlerOldestFirst) {
    open();
    std::vector<sequence> places;
    for (int i = 0; i < 5; ++i)
        places.push_back(add(i, {"gone", "audit"}));
    settle_as(places[0], "gone", done);
    settle_as(places[1], "gone", retry, 2, "busy");
    EXPECT_EQ(discard_waiting(*opened_, "gone", 2), 2U);
    EXPECT_EQ(delivery(places[0], "gone").state, done);
    EXPECT_EQ(delivery(places[1], "gone").state, discarded);
    EXPECT_FALSE(delivery(places[1], "gone").next_attempt_at);
    EXPECT_EQ(delivery(places[2], "gone").state, discarded);
    EXPECT_EQ(delivery(places[3], "gone").state, pending);
    EXPECT_EQ(discard_waiting(*opened_, "gone", 100), 2U);
    EXPECT_EQ(discard_waiting(*opened_, "gone", 100), 0U);
    EXPECT_EQ(unfinished("audit").size(), 5U);
    expect_no_differences_over_a_restart();
}

TEST_F(Mending, AHandlerThatNobodyKnowsStaysUnknown) {
    open();
    add(1, {"crm"});
    EXPECT_EQ(discard_waiting(*opened_, "cmr", 100), 0U);
    EXPECT_EQ(discard_waiting(*opened_, "", 100), 0U);
    add(2, {"crm"});
    std::vector<std::string> names;
    for (const handler_depth& one : opened_->depths())
        names.push_back(one.handler);
    EXPECT_THAT(names, ElementsAre("crm"));
}

/// What a settlement says of a delivery that was given up meanwhile is taken: it is what happened.
TEST_F(Mending, ASettlementBehindADiscardCountsRight) {
    open();
    const sequence first = add(1, {"gone"});
    const sequence second = add(2, {"gone"});
    EXPECT_EQ(discard_waiting(*opened_, "gone", 100), 2U);
    settle_as(first, "gone", done);
    settle_as(second, "gone", dead, 1, "refused");
    EXPECT_EQ(state(first), event_state::done);
    EXPECT_EQ(state(second), event_state::dead);
    expect_no_differences_over_a_restart();
}

TEST_F(Mending, AnUnwantedDeliveryNeverWas) {
    open();
    const sequence at = add(1, {{"crm", true}, {"audit", true}});
    EXPECT_TRUE(unfinished("crm").at(0).is_conditional);
    settle_as(at, "crm", unrouted, 0);
    EXPECT_EQ(story(at).summary.deliveries.size(), 1U);
    EXPECT_EQ(state(at), event_state::pending);
    settle_as(at, "audit", unrouted, 0);
    EXPECT_EQ(state(at), event_state::unrouted);
    EXPECT_EQ(delivery(at, "").state, unrouted);
    expect_no_differences_over_a_restart();

    EXPECT_EQ(replay_to(at, {{"crm", true}}), 1U);
    EXPECT_TRUE(unfinished("crm").at(0).is_conditional);
    settle_as(at, "crm", unrouted, 0, "unparsable");
    EXPECT_EQ(state(at), event_state::dead);
    EXPECT_EQ(delivery(at, "").reason, "unparsable");
    EXPECT_EQ(delivery(at, "").delivery, delivery_id(ids_.at(at), "", 1));
    expect_no_differences_over_a_restart();
}

TEST_F(Mending, WhatOthersMadeOfAnEventStandsWhenOneIsUnwanted) {
    open();
    const sequence at = add(1, {"audit", {"crm", true}});
    settle_as(at, "audit", done);
    settle_as(at, "crm", unrouted, 0, "unparsable");
    EXPECT_EQ(state(at), event_state::done);
    EXPECT_EQ(story(at).summary.deliveries.size(), 1U);
}

TEST_F(Mending, AnUndecidedDeliveryIsJudgedAgainOnceRevived) {
    open();
    const sequence at = add(1, {{"crm", true}});
    settlement undecided{at, "crm", dead, 0, wall_now(), {}, {}, "jq: no", {}};
    undecided.is_undecided = true;
    settle(*opened_, undecided);
    EXPECT_EQ(state(at), event_state::dead);
    revive(*opened_, {delivery(at, "crm").delivery});
    EXPECT_TRUE(unfinished("crm").at(0).is_conditional);
    settle_as(at, "crm", dead, 1, "refused"); // it was wanted, and tried
    revive(*opened_, {delivery(at, "crm").delivery});
    EXPECT_FALSE(unfinished("crm").at(0).is_conditional);
}

/// A commit that fails is tried anew from the beginning: nothing counts twice.
TEST_F(Mending, CountsOnceWhereTheCommitFailsAtFirst) {
    open();
    const sequence first = add(1, {"crm"});
    const sequence second = add(2, {"crm"});
    const sequence third = add(3, {"gone"});
    for (const sequence at : {first, second})
        settle_as(at, "crm", dead, 1, "refused");
    std::vector<std::promise<std::uint64_t>> done(4);
    {
        database other(file(), open_mode::write);
        const transaction holds_the_lock(other, transaction::kind::write);
        opened_->revive({delivery_id(ids_[first], "crm")}, false,
                        [&](std::uint64_t n) { done[0].set_value(n); });
        opened_->discard({delivery_id(ids_[second], "crm")}, [&](std::uint64_t n) { done[1].set_value(n); });
        opened_->discard_waiting("gone", 10, [&](std::uint64_t n) { done[2].set_value(n); });
        opened_->replay({{second, {"crm", "new"}, 0, {}}}, [&](std::uint64_t n) { done[3].set_value(n); });
        ASSERT_TRUE(eventually([&] { return observer_.has("write_failed"); }));
    }
    EXPECT_EQ(done[0].get_future().get(), 1U);
    EXPECT_EQ(done[1].get_future().get(), 1U);
    EXPECT_EQ(done[2].get_future().get(), 1U);
    EXPECT_EQ(done[3].get_future().get(), 2U);
    EXPECT_EQ(state(third), event_state::discarded);
    EXPECT_EQ(unfinished("crm").size(), 2U);
    expect_no_differences_over_a_restart();
}

TEST_F(Mending, TellsTheSinkWhatBecamePending) {
    open();
    const sequence at = add(1, {"crm"});
    settle_as(at, "crm", dead, 1, "refused");
    std::atomic<int> told = 0;
    opened_->on_committed([&](std::span<const stored_event> events) { told += events.empty() ? 1 : 0; });
    const event_id id = delivery(at, "crm").delivery;
    EXPECT_EQ(revive(*opened_, {id}), 1U);
    EXPECT_EQ(told, 1) << "before the one who asked is answered";
    EXPECT_EQ(revive(*opened_, {id}), 0U);
    EXPECT_EQ(told, 1) << "nothing changed";
    opened_->on_committed(nullptr);
}

} // namespace
} // namespace outreachd::store
