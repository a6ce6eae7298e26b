/// Every event of the outbox is told, in order, whatever is held or in flight meanwhile.
#include "tests/unit/amqp/outbox_reader_under_test.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace outreachd::amqp {
namespace {

using testing::ElementsAre;

TEST_F(OutboxReader, TellsAllInOrderAndThenWhatCame) {
    fill(3);
    EXPECT_THAT(drain(), ElementsAre(1, 2, 3));
    EXPECT_FALSE(next());
    ASSERT_FALSE(store::append(events_, store::task_body(4)).ec);
    reader_.look_again();
    EXPECT_THAT(drain(), ElementsAre(4));
}

TEST_F(OutboxReader, DoesNotTellAgainWhatLeftTheOutboxAfterItWasReadAhead) {
    fill(3);
    const auto first = next();
    ASSERT_TRUE(first); // and the second and third are read ahead
    in_flight_.insert(first->at);
    const event_id second = id_at(places()[1]);
    publish({second});
    reader_.forget({{.id = second}});
    EXPECT_THAT(drain(), ElementsAre(3));
}

/// In the midst of a page, of which nothing may be left out.
TEST_F(OutboxReader, OneToBeReadFirstThatIsGoneTakesNothingOfThePageWithIt) {
    fill(300);
    std::vector<int> told;
    for (int i = 0; i < 3; ++i)
        told.push_back(std::stoi(next().value().subject->facts.resource_id));
    const store::sequence gone = places()[290];
    publish({id_at(gone)});
    reader_.read_first(gone);
    while (const auto one = next())
        told.push_back(std::stoi(one->subject->facts.resource_id));
    EXPECT_EQ(std::set<int>(told.begin(), told.end()).size(), 299U);
    EXPECT_TRUE(std::ranges::is_sorted(told));
}

/// It was read while the commit that puts it off was on its way.
TEST_F(OutboxReader, LeavesWhatWasPublishedMeanwhile) {
    fill(3);
    const auto first = next();
    ASSERT_TRUE(first);
    publish({id_at(places()[1])});
    std::this_thread::sleep_for(150ms); // what was read ahead is read anew by now
    EXPECT_THAT(drain(), ElementsAre(3)) << "though its page was read before";
}

/// Another's place, by which it isn't known.
TEST_F(OutboxReader, LeavesWhatHasComeBackByItsQueueBeforeItsConfirm) {
    fill(3);
    under_way_.insert(id_at(places()[1]));
    EXPECT_THAT(drain(), ElementsAre(1, 3));
}

TEST_F(OutboxReader, OneCallReadsABoundedNumberOfPages) {
    fill(3'000);
    for (std::uint32_t partition = 0; partition < 4; ++partition)
        holds_.hold(partition, 0, std::chrono::steady_clock::now());
    EXPECT_FALSE(next());
    EXPECT_TRUE(reader_.has_more()) << "2,048 were passed over";
    EXPECT_FALSE(next());
    EXPECT_FALSE(reader_.has_more());
}

TEST_F(OutboxReader, OfOneResourceTellsTheNextOnceTheOneBeforeHasPassed) {
    constexpr int count = 140; // of both more than a page
    for (int number = 1; number <= count; ++number)
        for (const int resource : {1, 2})
            ASSERT_FALSE(store::append(events_, body_of(resource, number)).ec);
    fill(3); // 3 is another resource
    std::vector<outgoing_event> sent;
    while (const auto one = next())
        sent.push_back(*one);
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_TRUE(is_body_of(sent[0], 1, 1));
    EXPECT_TRUE(is_body_of(sent[1], 2, 1));
    EXPECT_EQ(sent[2].subject->facts.resource_id, "3");
    EXPECT_FALSE(reader_.has_more());
    EXPECT_TRUE(reader_.has_backlog());
    for (int number = 2; number <= count; ++number) {
        turns_.pass(sent[0].ordering_key);
        EXPECT_TRUE(reader_.has_more());
        const auto following = next();
        ASSERT_TRUE(following);
        EXPECT_TRUE(is_body_of(*following, 1, number)) << following->subject->body;
        EXPECT_FALSE(next()) << "the other one hasn't passed";
        if (number % 50 == 0)
            std::this_thread::sleep_for(110ms); // what was read ahead is read anew
    }
}

TEST_F(OutboxReader, OneThatLeftTheOutboxWhileItWaitedIsNoTurn) {
    std::vector<event_id> ids;
    for (int number = 1; number <= 3; ++number)
        ids.push_back(store::append(events_, body_of(1, number)).result.id);
    const auto first = next();
    ASSERT_TRUE(first);
    EXPECT_FALSE(next());
    publish({ids[1]});
    turns_.pass(first->ordering_key);
    const auto following = next();
    ASSERT_TRUE(following);
    EXPECT_EQ(following->subject->id, ids[2]);
}

} // namespace
} // namespace outreachd::amqp
