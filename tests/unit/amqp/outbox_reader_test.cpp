/// Every event of the outbox is told, in order, whatever is held or in flight meanwhile.
#include "daemon/amqp/outbox_reader.hpp"
#include "daemon/event/ordering_key.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace outreachd::amqp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class OutboxReader : public testing::Test {
protected:
    OutboxReader() {
        events_.route_at_append(
            [](const store::stored_event& fresh) { return std::optional{store::route_to_outbox(fresh)}; });
    }

    static settings::amqp_queue queue() {
        settings::amqp_queue made;
        made.partitions = 4;
        return made;
    }

    /// Appends events of the resources 1 to `count`.
    void fill(int count) {
        for (int i = 1; i <= count; ++i)
            ASSERT_FALSE(store::append(events_, store::task_body(i)).ec);
    }

    std::optional<outgoing_event> next() {
        auto found = reader_.next([this](store::sequence at) { return in_flight_.contains(at); });
        EXPECT_TRUE(found.has_value());
        return found ? *found : std::nullopt;
    }

    /// All that may be sent now: the numbers of their resources.
    std::vector<int> drain() {
        std::vector<int> numbers;
        do
            while (const auto one = next()) {
                numbers.push_back(std::stoi(one->subject->facts.resource_id));
                in_flight_.insert(one->at);
            }
        while (reader_.has_more());
        return numbers;
    }

    std::uint32_t partition_of(int number) {
        event_facts facts;
        facts.resource = "task";
        facts.resource_id = std::to_string(number);
        return names_.partition_of(ordering_key(facts), {});
    }

    store::temporary_directory directory_;
    store::recording_observer observer_;
    store::store events_{{directory_.path(), 24h, {}}, observer_};
    topology names_{queue()};
    partition_holds holds_;
    outbox_reader reader_{events_, names_, holds_};
    std::set<store::sequence> in_flight_;
};

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
    const auto probes = holds_.begin_probes(start + 1s);
    ASSERT_EQ(probes.size(), 1U);
    ASSERT_TRUE(probes[0].first);
    reader_.probe(*probes[0].first);
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
    reader_.forget({second});
    EXPECT_THAT(drain(), ElementsAre(3));
}

TEST_F(OutboxReader, AProbeThatIsGoneMeansTheNextOne) {
    fill(60);
    const std::uint32_t held = partition_of(1);
    const auto start = std::chrono::steady_clock::now();
    holds_.hold(held, 0, start);
    drain();
    const auto probes = holds_.begin_probes(start + 1s);
    ASSERT_TRUE(probes.at(0).first);
    std::promise<void> written;
    events_.note_published({events_.open_reader()->event_at(*probes[0].first).value().subject->id},
                           [&] { written.set_value(); });
    written.get_future().get();
    reader_.probe(*probes[0].first);
    const auto probe = next();
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->partition, held);
    EXPECT_NE(probe->subject->facts.resource_id, "1");
}

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

TEST_F(OutboxReader, TakesUpWhatWasPutOffOnceItIsDue) {
    fill(2);
    const auto first = next();
    ASSERT_TRUE(first);
    store::settlement off;
    off.sequence = first->at;
    off.handler = store::outbox_name;
    off.state = store::delivery_state::retry;
    off.attempts = 1;
    off.started_at = wall_now();
    off.next_attempt_at = wall_now() + 100ms;
    store::settle(events_, off);
    reader_.start_over();
    EXPECT_THAT(drain(), ElementsAre(2));
    std::vector<int> later;
    EXPECT_TRUE(store::eventually([&] {
        later = drain();
        return !later.empty();
    }));
    EXPECT_THAT(later, ElementsAre(1));
}

TEST_F(OutboxReader, AClockThatWasSetBackHoldsNothing) {
    fill(2);
    const auto first = next();
    ASSERT_TRUE(first);
    store::settlement off;
    off.sequence = first->at;
    off.handler = store::outbox_name;
    off.state = store::delivery_state::retry;
    off.attempts = 1;
    off.started_at = wall_now() + 24h;
    off.next_attempt_at = off.started_at + 1min;
    store::settle(events_, off);
    reader_.start_over();
    EXPECT_THAT(drain(), ElementsAre(1, 2)) << "none is put off for so long";

    off.next_attempt_at = wall_now() + 1h;
    store::settle(events_, off);
    in_flight_.clear();
    reader_.start_over();
    EXPECT_THAT(drain(), ElementsAre(2)) << "for so long one may be";
}

} // namespace
} // namespace outreachd::amqp
