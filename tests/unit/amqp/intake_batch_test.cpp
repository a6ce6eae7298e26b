/// What is acked is committed, whatever order commits come in.
#include "daemon/amqp/intake_batch.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

std::shared_ptr<const event> some_event(std::size_t body_bytes = 10) {
    auto made = std::make_shared<event>();
    made->body.assign(body_bytes, 'x');
    return made;
}

TEST(IntakeBatches, AckUpToTheLastOfEachChannel) {
    intake_batches batches;
    batches.add(10, 1, some_event());
    batches.add(11, 1, some_event());
    batches.add(10, 2, some_event());
    const auto full = batches.hand_over();
    EXPECT_EQ(full.events.size(), 3U);
    EXPECT_TRUE(batches.has_unacked(10));
    EXPECT_EQ(batches.committed(full.number), (ack_marks{{10, 2}, {11, 1}}));
    EXPECT_FALSE(batches.has_unacked());
}

TEST(IntakeBatches, AckNothingBeforeAllThatCameBeforeIsCommitted) {
    intake_batches batches;
    batches.add(10, 1, some_event());
    const auto first = batches.hand_over();
    batches.add(10, 2, some_event());
    const auto second = batches.hand_over();
    EXPECT_FALSE(batches.may_hand_over());
    EXPECT_TRUE(batches.committed(second.number).empty());
    EXPECT_EQ(batches.committed(first.number), (ack_marks{{10, 2}}));
}

TEST(IntakeBatches, AreBoundedByNumberAndBytes) {
    intake_batches batches;
    for (std::size_t i = 0; i < intake_batches::events_max; ++i) {
        EXPECT_FALSE(batches.is_full());
        batches.add(10, i + 1, some_event());
    }
    EXPECT_TRUE(batches.is_full());
    intake_batches large;
    large.add(10, 1, some_event(intake_batches::bytes_max - 1));
    EXPECT_FALSE(large.is_full());
    large.add(10, 2, some_event(1));
    EXPECT_TRUE(large.is_full());
    EXPECT_TRUE(large.may_hand_over());
    large.hand_over();
    EXPECT_FALSE(large.is_full());
    EXPECT_FALSE(large.may_hand_over()) << "there is nothing";
}

TEST(IntakeBatches, ACommitThatOutlivesItsConnectionAcksNothing) {
    intake_batches batches;
    batches.add(10, 5, some_event());
    const auto before = batches.hand_over();
    batches.add(10, 6, some_event());
    const auto next = batches.hand_over();
    batches.forget();
    batches.add(10, 1, some_event());
    EXPECT_FALSE(batches.may_hand_over()) << "they still wait for the store";
    EXPECT_TRUE(batches.committed(next.number).empty());
    EXPECT_TRUE(batches.may_hand_over());
    const auto after = batches.hand_over();
    EXPECT_TRUE(batches.committed(before.number).empty());
    EXPECT_EQ(batches.committed(after.number), (ack_marks{{10, 1}}));
}

} // namespace
} // namespace outreachd::amqp
