/// What is put off comes when it is due, and keeps nothing from its turn until then.
#include "tests/unit/amqp/outbox_reader_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::amqp {
namespace {

using testing::ElementsAre;

class PutOff : public OutboxReader {
protected:
    /// Of those that come now or in a while.
    std::vector<int> first_to_come() {
        std::vector<int> numbers;
        EXPECT_TRUE(store::eventually([&] {
            numbers = drain();
            return !numbers.empty();
        }));
        return numbers;
    }
};

TEST_F(PutOff, OneIsTakenOutOfThePageAndComesOnceItIsDue) {
    fill(100); // more than are read ahead
    const auto first = next();
    ASSERT_TRUE(first);
    const store::sequence last = places().back();
    put_off(last, wall_now(), wall_now() + 30min);
    EXPECT_EQ(drain().size(), 98U);
    put_off(last, wall_now(), wall_now());
    reader_.forget({{id_at(last), std::chrono::steady_clock::now()}});
    EXPECT_THAT(first_to_come(), ElementsAre(100));
}

TEST_F(PutOff, OneThatWasReadComesOnceItIsDue) {
    fill(2);
    const auto first = next();
    ASSERT_TRUE(first);
    put_off(first->at, wall_now(), wall_now() + 3s);
    turns_.pass(first->ordering_key);
    reader_.start_over();
    EXPECT_THAT(drain(), ElementsAre(2));
    EXPECT_THAT(first_to_come(), ElementsAre(1));
}

/// Its row is read as it was before, and all is read anew.
TEST_F(PutOff, OneComesThoughItsCommitIsLate) {
    fill(2);
    const auto first = next();
    ASSERT_TRUE(first);
    turns_.pass(first->ordering_key);
    const event_id id = first->subject->id;
    under_way_.insert(id);
    reader_.expect_due(std::chrono::steady_clock::now() + 1s);
    reader_.start_over();
    EXPECT_THAT(drain(), ElementsAre(2));
    put_off(first->at, wall_now(), wall_now());
    under_way_.erase(id);
    reader_.forget({{id, std::chrono::steady_clock::now()}});
    EXPECT_THAT(first_to_come(), ElementsAre(1));
}

/// As often as it was tried since its place was read.
TEST_F(PutOff, OneIsToldWithItsAttempts) {
    fill(100); // more than are read ahead
    ASSERT_TRUE(next());
    put_off(places().back(), wall_now(), wall_now());
    std::optional<outgoing_event> told;
    while (const auto one = next())
        told = one;
    ASSERT_TRUE(told);
    EXPECT_EQ(told->attempts, 1U);
}

TEST_F(OutboxReader, GoesToTheEndBeforeItTakesUpWhatIsDue) {
    fill(1'000); // some pages
    const auto first = next();
    ASSERT_TRUE(first);
    put_off(first->at, wall_now(), wall_now());
    turns_.pass(first->ordering_key);
    reader_.expect_due(std::chrono::steady_clock::now());
    std::vector<int> told;
    while (const auto one = next())
        told.push_back(std::stoi(one->subject->facts.resource_id));
    ASSERT_EQ(told.size(), 1'000U);
    EXPECT_EQ(told.front(), 2);
    EXPECT_EQ(told.back(), 1);
}

/// Else it would go to its work queue again.
TEST_F(OutboxReader, OneThatItsWorkQueueHasSinceItsPageWasReadIsKnownToBeThere) {
    fill(100); // more than are read ahead
    ASSERT_TRUE(next());
    const auto last = events_.open_reader()->unfinished(store::outbox_name, 0, 100).value().back();
    put_off(last.sequence, wall_now(), wall_now(), true);
    std::optional<outgoing_event> told;
    while (const auto one = next())
        told = one;
    ASSERT_TRUE(told);
    EXPECT_EQ(told->at, last.sequence);
    EXPECT_TRUE(told->is_in_work_queue);
}

TEST_F(OutboxReader, TellsOfOneThatItsWorkQueueHasWhateverIsHeld) {
    fill(2);
    const auto first = next();
    const auto second = next();
    ASSERT_TRUE(first && second);
    put_off(first->at, wall_now(), wall_now(), true);
    turns_.clear();
    for (std::uint32_t partition = 0; partition < 4; ++partition)
        holds_.hold(partition, 0, std::chrono::steady_clock::now());
    reader_.start_over();
    const auto again = next();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->at, first->at);
    EXPECT_TRUE(again->is_in_work_queue);
    EXPECT_FALSE(next()) << "the other's work queue is held";
    turns_.pass(again->ordering_key);
    reader_.leave_to_exchange(true);
    reader_.start_over();
    EXPECT_FALSE(next()) << "the exchange is behind";
}

TEST_F(OutboxReader, AClockThatWasSetBackHoldsNothing) {
    fill(2);
    const auto first = next();
    ASSERT_TRUE(first);
    const wall_time ahead = wall_now() + 24h;
    put_off(first->at, ahead, ahead + 1min);
    turns_.clear();
    reader_.start_over();
    EXPECT_THAT(drain(), ElementsAre(1, 2)) << "none is put off for so long";

    put_off(first->at, ahead, wall_now() + 1h);
    in_flight_.clear();
    turns_.clear();
    reader_.start_over();
    EXPECT_THAT(drain(), ElementsAre(2)) << "for so long one may be";
}

} // namespace
} // namespace outreachd::amqp
