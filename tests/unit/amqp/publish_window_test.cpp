/// Which events are confirmed, whatever the order and the grouping of the broker's confirms.
#include "daemon/amqp/publish_window.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using namespace std::chrono_literals;
using stage = message_half::stage;
using list = std::vector<store::sequence>;

constexpr std::uint16_t exchange = 1; // the channel of these halves
constexpr std::uint16_t queue = 2;
constexpr bool taken = true;
constexpr bool refused = false;
constexpr bool all_up_to = true;
constexpr steady_time sent_then{};

event_id id_of(std::uint8_t number) {
    event_id id{};
    id.data[15] = number;
    return id;
}

event_in_flight event_of(std::uint8_t number) {
    event_in_flight one;
    one.id = id_of(number);
    one.at = number;
    one.partition = number % 2U;
    one.ordering_key = 100U + number;
    one.exchange = {stage::awaited, exchange, number, {}};
    one.queue = {stage::awaited, queue, number, {}};
    one.sent_at = sent_then;
    return one;
}

/// Events 1 to `count`, published on each channel under the tags 1, 2, 3 ...
publish_window window_of(std::uint8_t count) {
    publish_window window;
    for (std::uint8_t i = 1; i <= count; ++i)
        window.add(event_of(i));
    return window;
}

publish_window::outcome confirm(publish_window& window, std::uint16_t channel, std::uint64_t tag,
                                bool is_taken = taken, bool is_multiple = false) {
    return window.confirm({tag, is_multiple, is_taken, channel}, sent_then + 1s);
}

list places(const std::vector<event_in_flight>& events) {
    list found;
    for (const auto& one : events)
        found.push_back(one.at);
    return found;
}

TEST(PublishWindow, AnEventNeedsBothConfirms) {
    auto window = window_of(2);
    EXPECT_TRUE(confirm(window, exchange, 1).published.empty());
    EXPECT_EQ(window.size(), 2U);
    EXPECT_EQ(places(confirm(window, queue, 1).published), list{1});
    EXPECT_FALSE(window.holds(1));
    EXPECT_TRUE(window.holds(2));
}

TEST(PublishWindow, OneConfirmCanStandForManyOfItsChannel) {
    auto window = window_of(5);
    EXPECT_TRUE(confirm(window, exchange, 4, taken, all_up_to).published.empty());
    EXPECT_EQ(places(confirm(window, queue, 3, taken, all_up_to).published), (list{1, 2, 3}));
    EXPECT_EQ(places(confirm(window, queue, 5, taken, all_up_to).published), list{4})
        << "the fifth lacks one";
    EXPECT_EQ(places(confirm(window, exchange, 5).published), list{5});
    EXPECT_EQ(window.size(), 0U);
    EXPECT_FALSE(window.oldest());
}

TEST(PublishWindow, ConfirmsMayComeInAnyOrderAndTwice) {
    auto window = window_of(3);
    confirm(window, queue, 3);
    EXPECT_EQ(places(confirm(window, exchange, 3).published), list{3});
    EXPECT_TRUE(confirm(window, exchange, 3).published.empty());
    EXPECT_EQ(places(window.awaited(queue)), (list{1, 2}));
    EXPECT_EQ(places(window.awaited(exchange)), (list{1, 2}));
    confirm(window, exchange, 3, taken, all_up_to);
    EXPECT_EQ(places(confirm(window, queue, 3, taken, all_up_to).published), (list{1, 2}))
        << "the third isn't told again";
}

TEST(PublishWindow, AConfirmOfSomethingElseIsNoEvents) {
    auto window = window_of(1);
    EXPECT_TRUE(confirm(window, queue, 99).published.empty());
    EXPECT_TRUE(confirm(window, 3, 1).published.empty()) << "of a channel that was left";
    EXPECT_EQ(window.size(), 1U);
    publish_window empty;
    EXPECT_TRUE(confirm(empty, queue, 1, taken, all_up_to).published.empty());
}

TEST(PublishWindow, AReturnedMessageIsRefusedThoughItIsConfirmed) {
    auto window = window_of(2);
    confirm(window, exchange, 2, taken, all_up_to);
    window.note_returned({312, "NO_ROUTE", "", "outreachd.work.0", to_string(id_of(2)), queue});
    const auto settled = confirm(window, queue, 2, taken, all_up_to);
    EXPECT_EQ(places(settled.published), list{1});
    EXPECT_EQ(settled.taking_partitions, std::vector<std::uint32_t>{1});
    ASSERT_EQ(places(settled.refused), list{2});
    EXPECT_EQ(settled.refused[0].queue.refusal, "returned: 312 NO_ROUTE: no queue 'outreachd.work.0'");
    EXPECT_FALSE(settled.refused[0].queue.is_taken());
}

TEST(PublishWindow, OneConfirmCanRefuseManyWhoseOtherHalfIsAwaited) {
    publish_window window;
    for (std::uint8_t i = 1; i <= 5; ++i) {
        auto one = event_of(i);
        one.exchange.channel = 3; // behind the work queues' in every order
        window.add(one);
        window.note_returned({312, "NO_ROUTE", "", "outreachd.work.0", to_string(id_of(i)), queue});
    }
    EXPECT_EQ(places(confirm(window, queue, 5, taken, all_up_to).refused), (list{1, 2, 3, 4, 5}));
    EXPECT_EQ(window.size(), 0U);
    EXPECT_FALSE(window.awaits_on(3));
}

TEST(PublishWindow, ALateReturnOfAChannelThatWasLeftIsNoEvents) {
    auto window = window_of(1);
    window.note_returned({312, "NO_ROUTE", "", "outreachd.work.1", to_string(id_of(1)), 9});
    confirm(window, exchange, 1);
    EXPECT_EQ(places(confirm(window, queue, 1).published), list{1});
}

TEST(PublishWindow, ARefusalByTheWorkQueueWaitsForNothing) {
    auto window = window_of(1);
    const auto settled = confirm(window, queue, 1, refused);
    ASSERT_EQ(places(settled.refused), list{1});
    EXPECT_NE(settled.refused[0].queue.refusal.find("full"), std::string::npos);
    EXPECT_EQ(window.size(), 0U);
    EXPECT_TRUE(confirm(window, exchange, 1).published.empty());
}

TEST(PublishWindow, ARefusalByTheExchangeWaitsForTheWorkQueue) {
    auto window = window_of(1);
    EXPECT_TRUE(confirm(window, exchange, 1, refused).refused.empty());
    const auto settled = confirm(window, queue, 1);
    ASSERT_EQ(places(settled.refused), list{1});
    EXPECT_TRUE(settled.refused[0].queue.is_taken());
    EXPECT_NE(settled.refused[0].exchange.refusal.find("bound"), std::string::npos);
}

TEST(PublishWindow, OneThatIsNotSentToTheExchangeIsRefusedOnceItsWorkQueueHasIt) {
    publish_window window;
    auto one = event_of(1);
    one.exchange = {stage::unsent, 0, 0, "not now"};
    window.add(one);
    const auto settled = confirm(window, queue, 1);
    ASSERT_EQ(places(settled.refused), list{1});
    EXPECT_EQ(settled.refused[0].exchange.refusal, "not now");
}

TEST(PublishWindow, OneThatItsWorkQueueHasNeedsTheExchangesConfirmAlone) {
    publish_window window;
    auto one = event_of(1);
    one.queue = {stage::taken, 0, 0, {}};
    window.add(one);
    EXPECT_EQ(window.awaiting_exchange(), 1U);
    EXPECT_FALSE(window.awaits(1)) << "its work queue";
    EXPECT_EQ(places(confirm(window, exchange, 1).published), list{1});
}

TEST(PublishWindow, KnowsWhatWaitsForTheExchangeAloneAndSinceWhen) {
    auto window = window_of(3);
    EXPECT_FALSE(window.awaits_exchange_since());
    window.confirm({1, false, true, queue}, sent_then + 2s);
    window.confirm({3, false, true, queue}, sent_then + 1s);
    confirm(window, exchange, 2);
    EXPECT_EQ(window.awaiting_exchange(), 2U);
    EXPECT_EQ(window.awaits_exchange_since(), sent_then + 1s);
    confirm(window, exchange, 3);
    EXPECT_EQ(window.awaits_exchange_since(), sent_then + 2s);
    confirm(window, exchange, 1);
    EXPECT_EQ(window.awaiting_exchange(), 0U);
}

TEST(PublishWindow, TheTurnOfAResourceEndsBeforeTheExchangeHasItWhereThatIsSaid) {
    auto window = window_of(2);
    EXPECT_TRUE(confirm(window, queue, 1).passed.empty());
    EXPECT_EQ(window.let_next_go(true), std::vector<std::uint64_t>{101}) << "of what waits already";
    EXPECT_EQ(confirm(window, queue, 2).passed, std::vector<std::uint64_t>{102});
    const auto settled = confirm(window, exchange, 2, taken, all_up_to);
    ASSERT_EQ(places(settled.published), (list{1, 2}));
    EXPECT_FALSE(settled.published[0].has_turn);
    EXPECT_FALSE(settled.published[1].has_turn);
}

TEST(PublishWindow, WhatIsNotConfirmedInTimeIsRefused) {
    auto window = window_of(3);
    auto late = event_of(4);
    late.sent_at = sent_then + 1s;
    window.add(late);
    confirm(window, exchange, 1); // its work queue says nothing
    confirm(window, queue, 2);    // the exchange
    EXPECT_TRUE(window.take_overdue(sent_then).empty());
    const auto overdue = window.take_overdue(sent_then + 1ms);
    ASSERT_EQ(places(overdue), (list{1, 2, 3}));
    EXPECT_TRUE(overdue[0].exchange.is_taken());
    EXPECT_NE(overdue[0].queue.refusal, "");
    EXPECT_TRUE(overdue[1].queue.is_taken());
    EXPECT_NE(overdue[1].exchange.refusal, "");
    EXPECT_NE(overdue[2].queue.refusal, "");
    EXPECT_TRUE(confirm(window, queue, 1).published.empty()) << "too late";
    EXPECT_EQ(places(window.awaited(queue)), list{4});
}

TEST(PublishWindow, AChannelThatIsLeftGivesUpWhatItOwes) {
    auto window = window_of(3);
    confirm(window, queue, 2);
    EXPECT_EQ(places(window.give_up(exchange).refused), list{2});
    EXPECT_FALSE(window.awaits_on(exchange));
    const auto settled = confirm(window, queue, 3, taken, all_up_to);
    EXPECT_EQ(places(settled.refused), (list{1, 3})) << "their work queue has them now";
    EXPECT_EQ(window.size(), 0U);
    EXPECT_EQ(window.awaiting_exchange(), 0U);
}

TEST(PublishWindow, KnowsTheBytesInFlight) {
    publish_window window;
    auto one = event_of(1);
    one.bytes = 100;
    window.add(one);
    EXPECT_EQ(window.body_bytes(), 100U);
    EXPECT_TRUE(window.holds(id_of(1)));
    ASSERT_NE(window.find(id_of(1)), nullptr);
    EXPECT_EQ(window.find(id_of(2)), nullptr);
    confirm(window, exchange, 1);
    confirm(window, queue, 1);
    EXPECT_EQ(window.body_bytes(), 0U);
    EXPECT_FALSE(window.holds(id_of(1)));
}

TEST(PublishWindow, TheClockOfAllCanBeSetAnew) {
    auto window = window_of(2);
    window.restart_clock(sent_then + 5s);
    EXPECT_EQ(window.oldest(), sent_then + 5s);
    window.clear();
    EXPECT_EQ(window.size(), 0U);
    EXPECT_FALSE(window.holds(1));
    EXPECT_FALSE(window.awaits_on(queue));
}

TEST(PublishWindow, KnowsWhichQueuesItWaitsFor) {
    auto window = window_of(2);
    EXPECT_TRUE(window.awaits(0));
    EXPECT_TRUE(window.awaits(1));
    EXPECT_FALSE(window.awaits(2));
    confirm(window, queue, 2, refused);
    EXPECT_FALSE(window.awaits(0)) << "it is over all the same";
    EXPECT_TRUE(window.awaits(1));
    confirm(window, queue, 1);
    EXPECT_FALSE(window.awaits(1)) << "though the exchange is awaited";
}

} // namespace
} // namespace outreachd::amqp
