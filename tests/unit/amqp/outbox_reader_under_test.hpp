/// A reader of a real store's outbox, and what it goes by.
#pragma once

#include "daemon/amqp/outbox_reader.hpp"
#include "daemon/event/ordering_key.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace outreachd::amqp {

using namespace std::chrono_literals;

inline std::string body_of(int resource, int number) {
    return R"({"data":{"type":"task","id":")" + std::to_string(resource) + R"(","attributes":{"number":)" +
           std::to_string(number) + R"(}},"meta":{"eventName":"task.completed"}})";
}

inline bool is_body_of(const outgoing_event& one, int resource, int number) {
    return one.subject->body == body_of(resource, number);
}

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
        auto found = reader_.next({[this](store::sequence at) { return in_flight_.contains(at); },
                                   [this](const event_id& id) { return under_way_.contains(id); }});
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

    /// Appends events 1 to `count` of the resource 1; gives their places.
    std::vector<store::sequence> fill_with_one_resource(int count) {
        for (int number = 1; number <= count; ++number)
            EXPECT_FALSE(store::append(events_, body_of(1, number)).ec);
        return places();
    }

    event_id id_at(store::sequence at) { return events_.open_reader()->event_at(at).value().subject->id; }

    std::vector<store::sequence> places() {
        std::vector<store::sequence> found;
        for (const auto& one : events_.open_reader()->unfinished(store::outbox_name, 0, 10'000).value())
            found.push_back(one.sequence);
        return found;
    }

    void publish(std::vector<event_id> ids) { store::note_published(events_, std::move(ids)); }

    /// The pause of the queue that has been held for longest is over.
    std::optional<partition_holds::probe> begin_probe() {
        return holds_.begin_probe(std::chrono::steady_clock::now() + 1h,
                                  [this](const partition_holds::probe& one) { return reader_.may_try(one); });
    }

    void put_off(store::sequence at, wall_time tried_at, wall_time until, bool is_in_work_queue = false) {
        store::settlement off;
        off.is_undecided = is_in_work_queue;
        off.sequence = at;
        off.handler = store::outbox_name;
        off.state = store::delivery_state::retry;
        off.attempts = 1;
        off.started_at = tried_at;
        off.next_attempt_at = until;
        store::settle(events_, off);
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
    resource_turns turns_;
    outbox_reader reader_{events_, names_, holds_, turns_};
    std::set<store::sequence> in_flight_;
    std::set<event_id> under_way_;
};

} // namespace outreachd::amqp
