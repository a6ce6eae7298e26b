/// Of one resource one at a time, in order; others don't notice.
#include "daemon/amqp/resource_turns.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using list = std::vector<store::sequence>;

store::unfinished_delivery event_of(std::uint64_t key, store::sequence at) {
    store::unfinished_delivery one;
    one.sequence = at;
    one.ordering_key = key;
    return one;
}

/// Sends, or lets wait, as the relay does it: true where it may be sent.
bool offer(resource_turns& turns, std::uint64_t key, store::sequence at, std::uint32_t partition = 0) {
    if (turns.waits(event_of(key, at), partition))
        return false;
    turns.take(key);
    return true;
}

list call(resource_turns& turns, std::size_t at_most = 10) {
    list found;
    for (const auto& one : turns.call(at_most))
        found.push_back(one.sequence);
    return found;
}

TEST(ResourceTurns, TheNextOneIsCalledWhenTheOneBeforeHasPassed) {
    resource_turns turns;
    EXPECT_TRUE(offer(turns, 7, 1));
    EXPECT_FALSE(offer(turns, 7, 2));
    EXPECT_FALSE(offer(turns, 7, 3));
    EXPECT_FALSE(turns.has_called());
    turns.pass(7);
    EXPECT_EQ(call(turns), list{2});
    EXPECT_FALSE(turns.has_called()) << "one at a time";
    EXPECT_FALSE(offer(turns, 7, 4));
    turns.pass(7);
    EXPECT_EQ(call(turns), list{3});
    turns.pass(7);
    EXPECT_EQ(call(turns), list{4});
    turns.pass(7);
    EXPECT_FALSE(turns.has_called());
    EXPECT_TRUE(offer(turns, 7, 5)) << "nobody is left";
}

TEST(ResourceTurns, OthersGoOn) {
    resource_turns turns;
    EXPECT_TRUE(offer(turns, 7, 1));
    EXPECT_FALSE(offer(turns, 7, 2));
    EXPECT_TRUE(offer(turns, 8, 3));
    EXPECT_FALSE(offer(turns, 8, 4));
    turns.pass(8);
    EXPECT_EQ(call(turns), list{4});
}

TEST(ResourceTurns, EventsWithoutAKeyNeverWait) {
    resource_turns turns;
    EXPECT_TRUE(offer(turns, 0, 1));
    EXPECT_TRUE(offer(turns, 0, 2));
    turns.pass(0);
    EXPECT_FALSE(turns.has_called());
}

TEST(ResourceTurns, CallsAtMostSoMany) {
    resource_turns turns;
    for (std::uint64_t key = 1; key <= 3; ++key) {
        offer(turns, key, static_cast<store::sequence>(key));
        offer(turns, key, static_cast<store::sequence>(key) + 10);
        turns.pass(key);
    }
    EXPECT_EQ(call(turns, 2), (list{11, 12}));
    EXPECT_TRUE(turns.has_called());
    EXPECT_EQ(call(turns, 2), (list{13}));
}

TEST(ResourceTurns, OneThatIsGivenBackIsCalledAgainBeforeThoseBehindIt) {
    resource_turns turns;
    offer(turns, 7, 1);
    offer(turns, 7, 2);
    offer(turns, 7, 3);
    turns.pass(7);
    const auto called = turns.call(1);
    turns.give_back(called.at(0), 0);
    EXPECT_FALSE(offer(turns, 7, 4)) << "it has the turn still";
    EXPECT_EQ(call(turns), list{2});
    turns.pass(7);
    EXPECT_EQ(call(turns), list{3});
}

TEST(ResourceTurns, OneThatIsSeenTwiceWaitsOnce) {
    resource_turns turns;
    offer(turns, 7, 1);
    EXPECT_FALSE(offer(turns, 7, 2));
    EXPECT_FALSE(offer(turns, 7, 2));
    turns.pass(7);
    EXPECT_EQ(call(turns), list{2});
    turns.pass(7);
    EXPECT_FALSE(turns.has_called());
}

TEST(ResourceTurns, ThoseOfAQueueArePassedOver) {
    resource_turns turns;
    offer(turns, 7, 1, 3);
    offer(turns, 8, 2, 4);
    offer(turns, 9, 3, 3);
    offer(turns, 9, 4, 3);
    offer(turns, 7, 5, 3);
    offer(turns, 7, 6, 3);
    offer(turns, 8, 7, 4);
    turns.pass(9); // and is called
    EXPECT_EQ(turns.pass_over(3), 4);
    EXPECT_EQ(turns.pass_over(3), std::nullopt);
    EXPECT_FALSE(turns.has_called());
    EXPECT_TRUE(offer(turns, 9, 4, 3)) << "nobody of it is on the way";
    EXPECT_FALSE(offer(turns, 7, 5, 3)) << "the first is";
    turns.pass(8);
    EXPECT_EQ(call(turns), list{7}) << "another queue's";
}

TEST(ResourceTurns, ThoseThatAreReadAgainAreForgotten) {
    resource_turns turns;
    offer(turns, 7, 1);
    for (store::sequence at = 2; at <= 5; ++at)
        offer(turns, 7, at);
    turns.forget_behind(3);
    turns.pass(7);
    EXPECT_EQ(call(turns), list{2});
    turns.pass(7);
    EXPECT_EQ(call(turns), list{3});
    turns.pass(7);
    EXPECT_FALSE(turns.has_called());
    EXPECT_FALSE(turns.has_waiting());
}

TEST(ResourceTurns, IsFullWithSoManyWaiting) {
    resource_turns turns;
    offer(turns, 7, 1);
    for (std::size_t i = 1; i < resource_turns::waiting_max; ++i)
        offer(turns, 7, static_cast<store::sequence>(i) + 1);
    EXPECT_FALSE(turns.is_full());
    offer(turns, 7, resource_turns::waiting_max + 1);
    EXPECT_TRUE(turns.is_full());
    turns.pass(7);
    turns.call(1);
    EXPECT_FALSE(turns.is_full());
}

TEST(ResourceTurns, WithAnotherConnectionNobodyHasATurn) {
    resource_turns turns;
    offer(turns, 7, 1);
    offer(turns, 7, 2);
    turns.pass(7);
    turns.clear();
    EXPECT_FALSE(turns.has_called());
    EXPECT_FALSE(turns.has_waiting());
    EXPECT_TRUE(offer(turns, 7, 1));
}

} // namespace
} // namespace outreachd::amqp
