/// A work queue that refuses holds up its own events, and those stay in order.
#include "daemon/amqp/partition_holds.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using namespace std::chrono_literals;

constexpr steady_time start{};
using probe = partition_holds::probe;

/// With nothing on its way.
std::optional<probe> begin(partition_holds& holds, steady_time now) {
    return holds.begin_probe(now, [](const probe&) { return true; });
}

TEST(PartitionHolds, AQueueThatCantBeUsedIsTriedWithTheFirstThatIsPassedOver) {
    partition_holds holds;
    holds.hold(2, 0, start);
    EXPECT_EQ(begin(holds, start + 500ms), (probe{2, std::nullopt, false}));
    EXPECT_FALSE(holds.wanted_probe()) << "the next one that is read is sent";
    EXPECT_TRUE(holds.may_send(2, 30));
    holds.note_sent(2, 30);
    EXPECT_FALSE(holds.may_send(2, 31));
    EXPECT_TRUE(holds.note_taken(2));
    EXPECT_EQ(holds.first_passed_over(), 30);
}

TEST(PartitionHolds, OthersGoOn) {
    partition_holds holds;
    holds.hold(3, 10, start);
    EXPECT_FALSE(holds.may_send(3, 20));
    EXPECT_TRUE(holds.may_send(4, 20));
    EXPECT_TRUE(holds.is_held(3));
    EXPECT_FALSE(holds.is_held(4));
}

TEST(PartitionHolds, OneProbeGoesAheadAndTheRestFollowsFromTheFirstPassedOver) {
    partition_holds holds;
    holds.hold(3, 10, start);
    EXPECT_FALSE(holds.may_send(3, 20));
    EXPECT_FALSE(begin(holds, start + 499ms));
    EXPECT_FALSE(holds.first_passed_over());
    EXPECT_EQ(begin(holds, start + 500ms), (probe{3, 10, true}));
    EXPECT_EQ(holds.wanted_probe(), (probe{3, 10, true}));
    EXPECT_FALSE(holds.first_passed_over()) << "only the probe may be sent";
    EXPECT_FALSE(holds.may_send(3, 20)) << "it is looked for from the first on";
    holds.note_sent(3, 10);
    EXPECT_FALSE(holds.wanted_probe());
    EXPECT_FALSE(holds.may_send(3, 20)) << "one at a time";
    EXPECT_TRUE(holds.note_taken(3));
    EXPECT_EQ(holds.first_passed_over(), 10) << "from where the rest is looked for";
    EXPECT_FALSE(holds.first_passed_over()) << "told once";
    EXPECT_TRUE(holds.may_send(3, 20));
    EXPECT_FALSE(holds.note_taken(3)) << "it is held no more";
}

TEST(PartitionHolds, ThePauseDoublesUpToTenSecondsWhileProbesAreRefused) {
    partition_holds holds;
    steady_time now = start;
    holds.hold(1, 10, now);
    for (const auto pause : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 10'000ms, 10'000ms}) {
        EXPECT_FALSE(begin(holds, now + pause - 1ms)) << pause.count();
        now += pause;
        ASSERT_TRUE(begin(holds, now)) << pause.count();
        holds.note_sent(1, 10);
        holds.hold(1, 10, now);
    }
}

TEST(PartitionHolds, ThoseThatWereOnTheirWayChangeNothing) {
    partition_holds holds;
    holds.hold(1, 10, start);
    holds.hold(1, 11, start + 400ms);
    holds.hold(1, 9, start + 450ms);
    EXPECT_FALSE(holds.note_taken(1)) << "a confirm of one sent before";
    EXPECT_EQ(begin(holds, start + 500ms), (probe{1, 9, true})) << "the pause counts from the first refusal";
}

TEST(PartitionHolds, ALostConnectionTakesTheProbeWithIt) {
    partition_holds holds;
    holds.hold(1, 10, start);
    begin(holds, start + 1s);
    holds.note_sent(1, 10);
    EXPECT_TRUE(holds.is_probing(1));
    EXPECT_FALSE(holds.may_send(1, 10));
    holds.forget_passed_over(); // all is read anew
    holds.forget_probes();
    EXPECT_FALSE(holds.is_probing(1));
    EXPECT_FALSE(holds.may_send(1, 9));
    EXPECT_EQ(begin(holds, start + 1s), (probe{1, 9, true})) << "there was no other refusal";
    holds.forget_passed_over();
    EXPECT_FALSE(holds.wanted_probe()) << "others may stand in front";
    EXPECT_FALSE(holds.may_send(1, 8));
    holds.hold(2, 20, start + 1s);
    holds.forget_probes();
    EXPECT_FALSE(holds.may_send(2, 20)) << "its pause isn't over";
}

TEST(PartitionHolds, AProbeThatCantBeSentIsLookedForAgainAfterTheSamePause) {
    partition_holds holds;
    holds.hold(1, 10, start);
    ASSERT_TRUE(begin(holds, start + 500ms));
    EXPECT_FALSE(begin(holds, start + 9s)) << "one is looked for";
    holds.postpone_probe(1, start + 500ms);
    EXPECT_FALSE(holds.wanted_probe());
    EXPECT_FALSE(begin(holds, start + 999ms));
    EXPECT_EQ(begin(holds, start + 1s), (probe{1, 10, true}));
    holds.note_sent(1, 10);
    holds.postpone_probe(1, start + 1s);
    EXPECT_TRUE(holds.is_probing(1)) << "that one was sent";
}

/// Else what is read again by then would be in the way of the next one.
TEST(PartitionHolds, TheNextIsTriedOnceReadingWentBackForTheOneBefore) {
    partition_holds holds;
    holds.hold(1, 10, start);
    holds.hold(2, 20, start);
    ASSERT_EQ(begin(holds, start + 1s), (probe{1, 10, true}));
    holds.note_sent(1, 10);
    ASSERT_TRUE(holds.note_taken(1));
    EXPECT_FALSE(begin(holds, start + 1s));
    EXPECT_EQ(holds.first_passed_over(), 10);
    EXPECT_EQ(begin(holds, start + 1s), (probe{2, 20, true}));
    holds.call_off_probe(2);
    EXPECT_FALSE(holds.wanted_probe());
    EXPECT_EQ(begin(holds, start + 1s), (probe{2, 20, true})) << "without another pause";
}

TEST(PartitionHolds, WhereNoneIsLeftTheNextOneIsTheProbe) {
    partition_holds holds;
    holds.hold(1, 10, start);
    ASSERT_TRUE(begin(holds, start + 500ms));
    holds.note_none_left(1);
    EXPECT_FALSE(holds.wanted_probe());
    EXPECT_TRUE(holds.may_send(1, 70));
}

TEST(PartitionHolds, IsNotTriedWhileSomeAreOnTheirWay) {
    partition_holds holds;
    holds.hold(1, 10, start);
    holds.hold(2, 11, start);
    const auto is_not_awaited = [](const probe& one) { return one.partition != 1; };
    EXPECT_EQ(holds.begin_probe(start + 1s, is_not_awaited), (probe{2, 11, true}));
    EXPECT_FALSE(holds.may_send(1, 12));
    holds.note_sent(2, 11);
    holds.note_taken(2);
    holds.first_passed_over();
    EXPECT_EQ(begin(holds, start + 1s), (probe{1, 10, true})) << "now none is";
}

/// A queue that has no leader keeps its probe for long, and comes first by its number.
TEST(PartitionHolds, ProbesGoOneAfterTheOtherAndEachHasItsTurn) {
    partition_holds holds;
    for (const std::uint32_t partition : {1U, 2U, 3U})
        holds.hold(partition, 10 + partition, start + std::chrono::milliseconds{partition});
    steady_time now = start + 1s;
    for (const std::uint32_t partition : {1U, 2U, 3U, 1U, 2U, 3U}) {
        EXPECT_EQ(begin(holds, now), (probe{partition, 10 + partition, true}));
        holds.note_sent(partition, 10 + partition);
        EXPECT_FALSE(begin(holds, now + 9s)) << "while that one is awaited";
        now += 10s;
        holds.hold(partition, 10 + partition, now);
    }
}

} // namespace
} // namespace outreachd::amqp
