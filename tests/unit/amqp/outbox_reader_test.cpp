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

TEST_F(OutboxReader, PassesOverAHeldPartitionAndComesBackForEachOfIt) {
    constexpr int count = 1'000; // some pages
    fill(count);
    const std::uint32_t held = partition_of(1);
    const auto start = std::chrono::steady_clock::now();
    holds_.hold(held, 0, start);
    // Some are told; of the page that is read by then a part isn't.
    std::set<int> told;
    for (int i = 0; i < 300; ++i) {
        const auto one = next();
        ASSERT_TRUE(one);
        EXPECT_NE(one->partition, held);
        told.insert(std::stoi(one->subject->facts.resource_id));
        in_flight_.insert(one->at);
    }
    // The queue is tried, with one, and takes it.
    const auto found = holds_.begin_probe(start + 1s, [](std::uint32_t) { return false; });
    ASSERT_TRUE(found && found->first);
    reader_.probe(*found->first);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->subject->facts.resource_id, "1") << "the first of those passed over";
    holds_.note_sent(held);
    in_flight_.insert(probe->at);
    told.insert(1);
    const auto other = next();
    ASSERT_TRUE(other);
    EXPECT_NE(other->partition, held);
    in_flight_.insert(other->at);
    told.insert(std::stoi(other->subject->facts.resource_id));
    EXPECT_TRUE(holds_.note_taken(held));

    int last_held = 0;
    for (const int number : drain()) {
        EXPECT_TRUE(told.insert(number).second) << number << " is told twice";
        if (partition_of(number) == held) {
            EXPECT_GT(number, last_held) << "in order";
            last_held = number;
        }
    }
    EXPECT_EQ(told.size(), static_cast<std::size_t>(count));
}

TEST_F(OutboxReader, DoesNotTellAgainWhatLeftTheOutboxAfterItWasReadAhead) {
    fill(3);
    const auto first = next();
    ASSERT_TRUE(first); // and the second and third are read ahead
    in_flight_.insert(first->at);
    const auto reader = events_.open_reader();
    const auto behind = reader->unfinished(store::outbox_name, first->at, 1);
    ASSERT_EQ(behind.value().size(), 1U);
    const event_id second = reader->event_at(behind.value().front().sequence).value().subject->id;
    std::promise<void> written;
    events_.note_published({second}, [&] { written.set_value(); });
    written.get_future().get();
    reader_.forget({{.id = second}});
    EXPECT_THAT(drain(), ElementsAre(3));
}

TEST_F(OutboxReader, AProbeThatIsGoneMeansTheNextOne) {
    fill(60);
    const std::uint32_t held = partition_of(1);
    const auto start = std::chrono::steady_clock::now();
    holds_.hold(held, 0, start);
    drain();
    const auto found = holds_.begin_probe(start + 1s, [](std::uint32_t) { return false; });
    ASSERT_TRUE(found && found->first);
    std::promise<void> written;
    events_.note_published({events_.open_reader()->event_at(*found->first).value().subject->id},
                           [&] { written.set_value(); });
    written.get_future().get();
    reader_.probe(*found->first);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->partition, held);
    EXPECT_NE(probe->subject->facts.resource_id, "1");
}

/// In the midst of a page, of which nothing may be left out.
TEST_F(OutboxReader, AProbeThatIsGoneTakesNothingOfThePageWithIt) {
    fill(300);
    std::vector<int> told;
    for (int i = 0; i < 3; ++i)
        told.push_back(std::stoi(next().value().subject->facts.resource_id));
    const auto all = events_.open_reader()->unfinished(store::outbox_name, 0, 300).value();
    std::promise<void> written;
    events_.note_published({events_.open_reader()->event_at(all[290].sequence).value().subject->id},
                           [&] { written.set_value(); });
    written.get_future().get();
    reader_.probe(all[290].sequence);
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
    const auto second = events_.open_reader()->events_after(first->at, 1, 1).value().front();
    std::promise<void> written;
    events_.note_published({second.subject->id}, [&] { written.set_value(); });
    written.get_future().get();
    std::this_thread::sleep_for(150ms); // what was read ahead is read anew by now
    EXPECT_THAT(drain(), ElementsAre(3)) << "though its page was read before";
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

/// Else, with very many of them, it would never get to the others.
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

TEST_F(OutboxReader, WhatWaitsForItsTurnIsPassedOverWhenItsQueueIsHeld) {
    const auto places = fill_with_one_resource(3);
    const auto first = next();
    ASSERT_TRUE(first);
    EXPECT_FALSE(next());
    // Its queue refuses it.
    const auto start = std::chrono::steady_clock::now();
    holds_.hold(first->partition, first->at, start);
    EXPECT_EQ(turns_.pass_over(first->partition), places[1]);
    turns_.pass(first->ordering_key);
    EXPECT_FALSE(next());
    EXPECT_FALSE(reader_.has_backlog());
    // And takes it then.
    const auto found = holds_.begin_probe(start + 1s, [](std::uint32_t) { return false; });
    ASSERT_TRUE(found && found->first);
    reader_.probe(*found->first);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 1));
    holds_.note_sent(probe->partition);
    in_flight_.insert(probe->at);
    EXPECT_FALSE(next());
    holds_.note_taken(probe->partition);
    turns_.pass(probe->ordering_key);
    for (const int number : {2, 3}) {
        const auto following = next();
        ASSERT_TRUE(following) << number;
        EXPECT_TRUE(is_body_of(*following, 1, number)) << following->subject->body;
        in_flight_.insert(following->at);
        turns_.pass(following->ordering_key);
    }
}

TEST_F(OutboxReader, OneThatWasCalledAndIsHeldThenIsPassedOver) {
    const auto places = fill_with_one_resource(3);
    const auto first = next();
    ASSERT_TRUE(first);
    in_flight_.insert(first->at);
    EXPECT_FALSE(next());
    const auto start = std::chrono::steady_clock::now();
    holds_.hold(first->partition, 0, start);
    turns_.pass(first->ordering_key); // it was on its way, and taken
    EXPECT_FALSE(next());
    EXPECT_EQ(holds_.begin_probe(start + 1s, [](std::uint32_t) { return false; })->first, places[1]);
    reader_.probe(places[1]);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 2));
}

TEST_F(OutboxReader, OneThatLeftTheOutboxWhileItWaitedIsNoTurn) {
    std::vector<event_id> ids;
    for (int number = 1; number <= 3; ++number)
        ids.push_back(store::append(events_, body_of(1, number)).result.id);
    const auto first = next();
    ASSERT_TRUE(first);
    EXPECT_FALSE(next());
    std::promise<void> written;
    events_.note_published({ids[1]}, [&] { written.set_value(); });
    written.get_future().get();
    turns_.pass(first->ordering_key);
    const auto following = next();
    ASSERT_TRUE(following);
    EXPECT_EQ(following->subject->id, ids[2]);
}

} // namespace
} // namespace outreachd::amqp
