/// The bounded queue between the store's writer and the feeder.
#include "daemon/dispatch/inbox.hpp"

#include <gtest/gtest.h>

namespace outreachd::dispatch {
namespace {

void offer(inbox& to, store::sequence at, std::size_t body_bytes = 1) {
    auto made = std::make_shared<event>();
    made->body.assign(body_bytes, 'x');
    const store::stored_event committed{at, std::move(made)};
    to.offer(std::span(&committed, 1));
}

std::vector<store::sequence> take(inbox& from, std::size_t limit = 100) {
    std::vector<store::sequence> sequences;
    for (const auto& one : from.take(limit, false).events)
        sequences.push_back(one.sequence);
    return sequences;
}

using sequences = std::vector<store::sequence>;

TEST(Inbox, BeginsWithAGapForWhatWasStoredBefore) {
    inbox box({});
    offer(box, 1);
    const auto first = box.take(100, true);
    EXPECT_TRUE(first.has_gap);
    EXPECT_TRUE(first.events.empty());
    EXPECT_FALSE(box.take(100, false).has_gap);
}

TEST(Inbox, GivesInOrderUpToTheLimit) {
    inbox box({});
    box.take(1, false);
    for (store::sequence at = 1; at <= 5; ++at)
        offer(box, at);
    EXPECT_EQ(take(box, 3), (sequences{1, 2, 3}));
    EXPECT_EQ(take(box, 3), (sequences{4, 5}));
}

TEST(Inbox, TellsOfAGapOnlyBehindWhatCameBeforeIt) {
    inbox box({.events_max = 2, .body_bytes_max = 1'000});
    box.take(1, false);
    for (store::sequence at = 1; at <= 3; ++at)
        offer(box, at);
    const auto before = box.take(1, false);
    EXPECT_EQ(before.events.size(), 1U);
    EXPECT_FALSE(before.has_gap);
    // There is room again, but 3 is missing: 4 must not follow 2.
    offer(box, 4);
    EXPECT_EQ(take(box), sequences{2});
    EXPECT_TRUE(box.take(1, true).has_gap);
    offer(box, 5);
    EXPECT_EQ(take(box), sequences{5});
}

TEST(Inbox, TellsOfWhatCameIntoTheStoreUnoffered) {
    inbox box({});
    EXPECT_FALSE(box.take(1, false).is_rescan);
    offer(box, 1);
    box.offer({});
    EXPECT_EQ(take(box), sequences{1});
    const auto told = box.take(1, true);
    EXPECT_TRUE(told.has_gap);
    EXPECT_TRUE(told.is_rescan);
    EXPECT_FALSE(box.take(1, false).is_rescan);
}

TEST(Inbox, BoundsTheBytesOfBodies) {
    inbox box({.events_max = 100, .body_bytes_max = 10});
    box.take(1, false);
    offer(box, 1, 6);
    offer(box, 2, 4);
    offer(box, 3, 1);
    EXPECT_EQ(take(box), (sequences{1, 2}));
    EXPECT_TRUE(box.take(1, false).has_gap);
    offer(box, 4, 10);
    EXPECT_EQ(take(box), sequences{4});
}

TEST(Inbox, WakesForANudgeAndForTheEnd) {
    inbox box({});
    box.take(1, false);
    box.nudge();
    EXPECT_TRUE(box.take(1, true).events.empty());
    box.close();
    EXPECT_TRUE(box.take(1, true).events.empty());
    EXPECT_TRUE(box.pause(std::chrono::hours{1}));
    offer(box, 1);
    EXPECT_TRUE(take(box).empty());
    EXPECT_TRUE(box.is_closed());
}

} // namespace
} // namespace outreachd::dispatch
