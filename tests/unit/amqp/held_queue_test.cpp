/// A work queue that takes nothing is tried with one of its events, and none overtakes another of its
/// resource.
#include "daemon/store/database.hpp"
#include "tests/unit/amqp/outbox_reader_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::amqp {
namespace {

class HeldQueue : public OutboxReader {
protected:
    /// Another resource than 1 whose events go to the same queue.
    int neighbour() {
        int other = 2;
        while (partition_of(other) != partition_of(1))
            ++other;
        return other;
    }

    void append(int resource, int number) {
        ASSERT_FALSE(store::append(events_, body_of(resource, number)).ec);
        reader_.look_again();
    }

    /// Events 1 and 2 of the resource 1. The first is on its way to the exchange, the other waits for it.
    outgoing_event send_with_one_behind() {
        append(1, 1);
        append(1, 2);
        const auto first = next();
        EXPECT_TRUE(first);
        in_flight_.insert(first.value().at);
        EXPECT_FALSE(next());
        return *first;
    }

    /// As the relay does where a queue takes nothing: what waits for its turn to go there is passed over,
    /// too.
    void pass_over_waiting(std::uint32_t partition) {
        if (const auto first = turns_.pass_over(partition))
            holds_.may_send(partition, *first);
    }

    /// Its queue doesn't take it.
    void refuse(const outgoing_event& one) {
        holds_.hold(one.partition, one.at, std::chrono::steady_clock::now());
        pass_over_waiting(one.partition);
        turns_.pass(one.ordering_key);
    }

    void note_sent(const outgoing_event& one) {
        holds_.note_sent(one.partition, one.at);
        in_flight_.insert(one.at);
    }

    void note_taken(const outgoing_event& one) {
        publish({one.subject->id});
        EXPECT_TRUE(holds_.note_taken(one.partition));
        turns_.pass(one.ordering_key);
    }
};

TEST_F(HeldQueue, PassesOverAHeldPartitionAndComesBackForEachOfIt) {
    constexpr int count = 1'000; // some pages
    fill(count);
    const std::uint32_t held = partition_of(1);
    holds_.hold(held, 0, std::chrono::steady_clock::now());
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
    ASSERT_TRUE(begin_probe());
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->subject->facts.resource_id, "1") << "the first of those passed over";
    holds_.note_sent(held, probe->at);
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

TEST_F(HeldQueue, OneThatIsGoneMeansTheNextOne) {
    fill(60);
    const std::uint32_t held = partition_of(1);
    holds_.hold(held, 0, std::chrono::steady_clock::now());
    drain();
    const auto found = begin_probe();
    ASSERT_TRUE(found && found->first);
    publish({id_at(*found->first)});
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->partition, held);
    EXPECT_NE(probe->subject->facts.resource_id, "1");
}

TEST_F(HeldQueue, WhatWaitsForItsTurnIsPassedOverWhenItsQueueIsHeld) {
    const auto places = fill_with_one_resource(3);
    const auto first = next();
    ASSERT_TRUE(first);
    EXPECT_FALSE(next());
    // Its queue refuses it.
    holds_.hold(first->partition, first->at, std::chrono::steady_clock::now());
    EXPECT_EQ(turns_.pass_over(first->partition), places[1]);
    turns_.pass(first->ordering_key);
    EXPECT_FALSE(next());
    EXPECT_FALSE(reader_.has_backlog());
    // And takes it then.
    ASSERT_TRUE(begin_probe());
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 1));
    holds_.note_sent(probe->partition, probe->at);
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

TEST_F(HeldQueue, OneThatWasCalledAndIsHeldThenIsPassedOver) {
    const auto places = fill_with_one_resource(3);
    const auto first = next();
    ASSERT_TRUE(first);
    in_flight_.insert(first->at);
    EXPECT_FALSE(next());
    holds_.hold(first->partition, 0, std::chrono::steady_clock::now());
    turns_.pass(first->ordering_key); // it was on its way, and taken
    EXPECT_FALSE(next());
    EXPECT_EQ(begin_probe()->first, places[1]);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 2));
}

/// The one before it goes on its way to the exchange still.
TEST_F(HeldQueue, IsTriedWithTheNextOneWhereTheFirstWaitsForItsTurn) {
    const int other = neighbour();
    append(1, 1);
    append(1, 2);
    append(other, 1);
    const auto before = next();
    const auto refused = next();
    ASSERT_TRUE(before && refused);
    ASSERT_TRUE(is_body_of(*refused, other, 1));
    in_flight_.insert(before->at);
    refuse(*refused);
    append(other, 2);
    EXPECT_FALSE(next());

    ASSERT_TRUE(begin_probe());
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, other, 1)) << "which is refused, and has to come before its next one";
    note_sent(*probe);
    EXPECT_FALSE(next());
    note_taken(*probe);
    const auto following = next();
    ASSERT_TRUE(following);
    EXPECT_TRUE(is_body_of(*following, other, 2));
    EXPECT_FALSE(next()) << "it waits for its turn";
    turns_.pass(before->ordering_key);
    const auto last = next();
    ASSERT_TRUE(last);
    EXPECT_TRUE(is_body_of(*last, 1, 2));
}

TEST_F(HeldQueue, IsTriedLaterWhereAllWaitForTheirTurn) {
    const outgoing_event first = send_with_one_behind();
    holds_.hold(first.partition, 0, std::chrono::steady_clock::now());
    pass_over_waiting(first.partition);
    ASSERT_TRUE(begin_probe());
    EXPECT_FALSE(next());
    EXPECT_FALSE(reader_.has_more()) << "nobody looks for it without end";
    const int other = neighbour();
    append(other, 1);
    EXPECT_FALSE(next()) << "its queue is held";
    turns_.pass(first.ordering_key);
    ASSERT_TRUE(begin_probe());
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 2)) << "in order";
}

TEST_F(HeldQueue, IsTriedWithTheNextOneThatComesWhereNoneIsLeft) {
    append(1, 1);
    const auto first = next();
    ASSERT_TRUE(first);
    refuse(*first);
    publish({first->subject->id}); // by hand, say
    ASSERT_TRUE(begin_probe());
    EXPECT_FALSE(next());
    EXPECT_FALSE(reader_.has_more());
    append(1, 2);
    append(neighbour(), 1);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 2));
    note_sent(*probe);
    EXPECT_FALSE(next()) << "one at a time";
    note_taken(*probe);
    ASSERT_TRUE(next());
}

TEST_F(HeldQueue, IsNotTriedWithOneThatIsPutOffOrUnderWay) {
    const int other = neighbour();
    append(1, 1);
    append(other, 1);
    append(1, 2);
    append(other, 2);
    holds_.hold(partition_of(1), 0, std::chrono::steady_clock::now());
    EXPECT_FALSE(next());
    const auto all = places();
    put_off(all[0], wall_now(), wall_now() + 30min); // alone: others overtake it
    under_way_.insert(id_at(all[1]));                // it has come back by its queue
    ASSERT_TRUE(begin_probe());
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 2));
}

/// Behind more of other queues than one call looks through.
TEST_F(HeldQueue, IsTriedWithOneThatStandsFarBehindTheFirstThatIsGone) {
    fill(4'000);
    append(1, 2);
    const std::uint32_t tried = partition_of(1);
    const auto now = std::chrono::steady_clock::now();
    for (std::uint32_t partition = 0; partition < 4; ++partition)
        holds_.hold(partition, 0, partition == tried ? now - 1s : now);
    EXPECT_TRUE(drain().empty());
    std::vector<event_id> gone;
    for (const store::sequence at : places()) {
        const auto one = events_.open_reader()->event_at(at).value().subject;
        if (partition_of(std::stoi(one->facts.resource_id)) == tried && one->body != body_of(1, 2))
            gone.push_back(one->id);
    }
    ASSERT_EQ(begin_probe()->partition, tried);
    publish(gone);
    std::optional<outgoing_event> probe;
    while (!probe && reader_.has_more())
        probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 2));
}

/// One call doesn't look through all.
TEST_F(HeldQueue, OneWhoseTurnComesDuringTheSearchIsNotOvertaken) {
    const std::uint32_t tried = partition_of(1);
    const outgoing_event before = send_with_one_behind();
    for (int resource = 2, count = 0; count < 2'200; ++resource)
        if (partition_of(resource) != tried) {
            append(resource, 1);
            ++count;
        }
    append(1, 3);
    const auto now = std::chrono::steady_clock::now();
    for (std::uint32_t partition = 0; partition < 4; ++partition)
        holds_.hold(partition, 0, partition == tried ? now - 1s : now);
    pass_over_waiting(tried);
    EXPECT_TRUE(drain().empty());
    ASSERT_EQ(begin_probe()->partition, tried);
    EXPECT_FALSE(next());
    ASSERT_TRUE(reader_.has_more()) << "the search goes on";
    turns_.pass(before.ordering_key);
    EXPECT_TRUE(drain().empty()) << "the second stands in front of the third";
}

/// As where several come back together.
TEST_F(HeldQueue, IsTriedBehindAnotherWithoutAFurtherPause) {
    fill(1'000); // some pages
    for (std::uint32_t partition = 0; partition < 4; ++partition)
        holds_.hold(partition, 0, std::chrono::steady_clock::now());
    EXPECT_TRUE(drain().empty());
    for (int tries = 0; tries < 4; ++tries) {
        const auto begun = begin_probe();
        ASSERT_TRUE(begun) << tries;
        const auto probe = next();
        ASSERT_TRUE(probe);
        EXPECT_EQ(probe->partition, begun->partition);
        note_sent(*probe);
        note_taken(*probe);
        EXPECT_FALSE(begin_probe()) << "reading goes back first";
        drain();
    }
    EXPECT_EQ(in_flight_.size(), 1'000U);
}

/// What was passed over before is noted anew.
TEST_F(HeldQueue, IsTriedInOrderWhenAllIsReadAnew) {
    const int other = neighbour();
    for (const int number : {1, 2})
        for (const int resource : {1, other})
            append(resource, number);
    const auto first = next();
    const auto second = next();
    ASSERT_TRUE(first && second);
    refuse(*second); // and the connection is lost
    turns_.clear();
    reader_.start_over();
    holds_.forget_probes();
    EXPECT_FALSE(begin_probe()) << "it isn't known what stands in front";
    std::vector<std::string> told;
    for (int count = 0; count < 4; ++count) {
        EXPECT_FALSE(next());
        ASSERT_TRUE(begin_probe());
        const auto one = next();
        ASSERT_TRUE(one);
        told.push_back(one->subject->body);
        note_sent(*one);
        note_taken(*one);
        holds_.hold(one->partition, 0, std::chrono::steady_clock::now());
    }
    EXPECT_EQ(told, (std::vector{body_of(1, 1), body_of(other, 1), body_of(1, 2), body_of(other, 2)}));
}

/// Its queue refused one that stands behind others, which are read again.
TEST_F(HeldQueue, IsNotTriedBeforeAllInFrontIsRead) {
    fill(300); // more than a page
    holds_.hold(partition_of(1), places().back(), std::chrono::steady_clock::now());
    EXPECT_FALSE(begin_probe());
    ASSERT_TRUE(next());
    ASSERT_TRUE(begin_probe());
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->subject->facts.resource_id, "1");
}

/// Such a one doesn't wait for its queue: there is nothing to send.
TEST_F(HeldQueue, ADamagedOneIsToldAndThenTheNextOneIsTheProbe) {
    append(1, 1);
    append(1, 2);
    holds_.hold(partition_of(1), 0, std::chrono::steady_clock::now());
    EXPECT_FALSE(next());
    store::database(directory_.path() + "/events-000001.db", store::open_mode::write)
        .execute("UPDATE events SET body='{}' WHERE sequence=(SELECT min(sequence) FROM events)");
    ASSERT_TRUE(begin_probe());
    const auto damaged = next();
    ASSERT_TRUE(damaged);
    EXPECT_FALSE(damaged->subject);
    EXPECT_EQ(damaged->partition, partition_of(1));
    in_flight_.insert(damaged->at); // as what is buried is
    turns_.pass(damaged->ordering_key);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_TRUE(is_body_of(*probe, 1, 2));
}

} // namespace
} // namespace outreachd::amqp
