/// Which events are confirmed, whatever the order and the grouping of the broker's confirms.
#include "daemon/amqp/publish_window.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using amqp_connection::confirmed;

event_id id_of(std::uint8_t number) {
    event_id id{};
    id.data[15] = number;
    return id;
}

/// Events 1 to `count`, published under the tags 1 and 2, 3 and 4 ...
publish_window window_of(std::uint8_t count) {
    publish_window window;
    for (std::uint8_t i = 1; i <= count; ++i) {
        event_in_flight one;
        one.id = id_of(i);
        one.at = i;
        one.partition = i % 2U;
        one.exchange_tag = 2U * i - 1;
        one.queue_tag = 2U * i;
        window.add(one);
    }
    return window;
}

std::vector<store::sequence> places(const std::vector<event_in_flight>& events) {
    std::vector<store::sequence> found;
    for (const auto& one : events)
        found.push_back(one.at);
    return found;
}

using list = std::vector<store::sequence>;

TEST(PublishWindow, AnEventNeedsBothConfirms) {
    auto window = window_of(2);
    EXPECT_TRUE(window.confirm({1, false, true}).published.empty());
    EXPECT_EQ(window.size(), 2U);
    EXPECT_EQ(places(window.confirm({2, false, true}).published), list{1});
    EXPECT_FALSE(window.holds(1));
    EXPECT_TRUE(window.holds(2));
}

TEST(PublishWindow, OneConfirmCanStandForMany) {
    auto window = window_of(5);
    EXPECT_EQ(places(window.confirm({7, true, true}).published), (list{1, 2, 3})) << "the fourth lacks one";
    EXPECT_EQ(places(window.confirm({8, false, true}).published), list{4});
    EXPECT_EQ(places(window.confirm({10, true, true}).published), list{5});
    EXPECT_EQ(window.size(), 0U);
    EXPECT_FALSE(window.oldest());
}

TEST(PublishWindow, ConfirmsMayComeInAnyOrderAndTwice) {
    auto window = window_of(3);
    window.confirm({6, false, true});
    EXPECT_EQ(places(window.confirm({5, false, true}).published), list{3});
    EXPECT_TRUE(window.confirm({5, false, true}).published.empty());
    EXPECT_EQ(places(window.unsettled()), (list{1, 2}));
    EXPECT_EQ(places(window.confirm({6, true, true}).published), (list{1, 2}))
        << "the third isn't told again";
}

TEST(PublishWindow, AConfirmOfSomethingElseIsNoEvents) {
    auto window = window_of(1);
    EXPECT_TRUE(window.confirm({99, false, true}).published.empty());
    EXPECT_EQ(window.size(), 1U);
    publish_window empty;
    EXPECT_TRUE(empty.confirm({1, true, true}).published.empty());
}

TEST(PublishWindow, AReturnedMessageIsRefusedThoughItIsConfirmed) {
    auto window = window_of(2);
    window.note_returned({312, "NO_ROUTE", "", "outreachd.work.0", to_string(id_of(2))});
    const auto settled = window.confirm({4, true, true});
    EXPECT_EQ(places(settled.published), list{1});
    ASSERT_EQ(places(settled.refused), list{2});
    EXPECT_EQ(settled.refused[0].refusal, "returned: 312 NO_ROUTE: no queue 'outreachd.work.0'");
}

TEST(PublishWindow, ANackOfEitherRefusesTheEvent) {
    auto window = window_of(2);
    window.confirm({1, false, true});
    EXPECT_EQ(places(window.confirm({2, false, false}).refused), list{1});
    window.confirm({3, false, false});
    const auto settled = window.confirm({4, false, true});
    ASSERT_EQ(places(settled.refused), list{2});
    EXPECT_EQ(settled.refused[0].refusal, "") << "its work queue has taken it";
    EXPECT_NE(settled.refused[0].exchange_refusal.find("bound"), std::string::npos);
}

TEST(PublishWindow, WhatOneQueueAloneDoesNotConfirmIsRefusedInTheEnd) {
    auto window = window_of(3);
    const auto now = std::chrono::steady_clock::now();
    window.restart_clock(now);
    window.confirm({1, false, true}); // the first one's work queue says nothing
    window.confirm({4, false, true}); // the second one's exchange
    EXPECT_TRUE(window.take_overdue(now).empty());
    const auto overdue = window.take_overdue(now + std::chrono::milliseconds{1});
    ASSERT_EQ(places(overdue), (list{1, 2}));
    EXPECT_NE(overdue[0].refusal, "");
    EXPECT_EQ(overdue[0].exchange_refusal, "");
    EXPECT_NE(overdue[1].exchange_refusal, "");
    EXPECT_EQ(places(window.unsettled()), list{3})
        << "of which nothing is confirmed: that is the connection's";
    EXPECT_TRUE(window.confirm({2, false, true}).published.empty()) << "too late";
    EXPECT_EQ(places(window.confirm({6, true, true}).published), list{3});
}

TEST(PublishWindow, KnowsTheBytesInFlight) {
    publish_window window;
    event_in_flight one;
    one.id = id_of(1);
    one.at = 1;
    one.exchange_tag = 1;
    one.queue_tag = 2;
    one.bytes = 100;
    window.add(one);
    EXPECT_EQ(window.body_bytes(), 100U);
    EXPECT_TRUE(window.holds(id_of(1)));
    window.confirm({2, true, true});
    EXPECT_EQ(window.body_bytes(), 0U);
    EXPECT_FALSE(window.holds(id_of(1)));
}

TEST(PublishWindow, TheClockOfAllCanBeSetAnew) {
    auto window = window_of(2);
    const auto now = std::chrono::steady_clock::now();
    window.restart_clock(now);
    EXPECT_EQ(window.oldest(), now);
    window.clear();
    EXPECT_EQ(window.size(), 0U);
    EXPECT_FALSE(window.holds(1));
}

TEST(PublishWindow, KnowsWhichQueuesItWaitsFor) {
    auto window = window_of(2);
    EXPECT_TRUE(window.awaits(0));
    EXPECT_TRUE(window.awaits(1));
    EXPECT_FALSE(window.awaits(2));
    window.confirm({3, false, true});
    window.confirm({4, false, false}); // refused: it is over all the same
    EXPECT_FALSE(window.awaits(0));
    EXPECT_TRUE(window.awaits(1));
}

} // namespace
} // namespace outreachd::amqp
