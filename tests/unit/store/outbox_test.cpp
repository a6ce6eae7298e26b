/// Events that wait for a broker, and events that come from one.
#include "daemon/event/event_reader.hpp"
#include "daemon/store/database.hpp"
#include "tests/unit/store/mended_store.hpp"

#include <gmock/gmock.h>

#include <atomic>

namespace outreachd::store {
namespace {

using enum delivery_state;
using testing::ElementsAre;

class Outbox : public Mending {
protected:
    /// As a receiver does it: into the outbox by the commit that stores the event.
    void open_receiver() {
        open();
        opened_->route_at_append(
            [](const stored_event& fresh) { return std::optional{route_to_outbox(fresh)}; });
    }

    event_id receive(int id) {
        const auto added = append(*opened_, task_body(id));
        EXPECT_FALSE(added.ec);
        return added.result.id;
    }

    void publish(std::vector<event_id> ids) { note_published(*opened_, std::move(ids)); }

    std::uint64_t take_in(std::vector<std::shared_ptr<const event>> events,
                          std::vector<destination> handlers = {"crm"}) {
        std::promise<std::uint64_t> written;
        opened_->take_in(
            std::move(events),
            [&](const stored_event& fresh) {
                return routing{fresh.sequence, handlers, key_of(fresh.sequence), {}};
            },
            [&](std::uint64_t taken) { written.set_value(taken); });
        return written.get_future().get();
    }

    static std::shared_ptr<const event> from_elsewhere(int id) {
        return std::make_shared<const event>(genuine_event(task_body(id)).get());
    }

    event_story story_of(const event_id& id) { return opened_->open_reader()->story(id).value(); }

    std::shared_ptr<const event> as_message(const event_id& id) {
        auto copy = std::make_shared<event>(*story_of(id).subject);
        copy->cleanup_token = {}; // never leaves this host
        return copy;
    }
};

/// An append that is answered once a broker has the event.
class confirmed_append {
public:
    confirmed_append(store& to, int id) {
        to.append(
            genuine_event(task_body(id)), std::chrono::hours{24},
            std::chrono::steady_clock::now() + std::chrono::seconds{60},
            [this](error_code, append_result result) { answer_.set_value(result); },
            answered_when::published);
    }

    bool is_answered() { return future_.wait_for(std::chrono::milliseconds{0}) == std::future_status::ready; }

    append_result answer() { return future_.get(); }

private:
    std::promise<append_result> answer_;
    std::future<append_result> future_ = answer_.get_future();
};

TEST_F(Outbox, AnEventWaitsUntilTheBrokerHasConfirmedIt) {
    open_receiver();
    const event_id first = receive(1);
    const event_id second = receive(2);
    EXPECT_TRUE(eventually([&] { return opened_->outbox().pending == 2; })) << "counted behind the answer";
    EXPECT_EQ(unfinished(outbox_name).size(), 2U);
    EXPECT_EQ(story_of(first).summary.state, event_state::pending);
    EXPECT_FALSE(story_of(first).summary.queued->is_confirmed);
    EXPECT_TRUE(story_of(first).summary.deliveries.empty()) << "the outbox is no delivery";
    EXPECT_TRUE(opened_->depths().empty()) << "and no handler";

    publish({first});
    publish({first}); // a confirm that comes twice
    EXPECT_EQ(story_of(first).summary.state, event_state::published);
    EXPECT_TRUE(story_of(first).summary.queued->confirmed_at);
    EXPECT_EQ(unfinished(outbox_name).size(), 1U);
    EXPECT_EQ(opened_->accounts().published, 1U);
    EXPECT_EQ(opened_->accounts().pending, 1U);
    expect_no_differences_over_a_restart();
    EXPECT_EQ(opened_->outbox().pending, 1U);
    EXPECT_EQ(story_of(second).summary.state, event_state::pending);
}

TEST_F(Outbox, AnAppendCanWaitForTheBrokerAndSoDoesItsRepeat) {
    open_receiver();
    confirmed_append first(*opened_, 1);
    confirmed_append repeat(*opened_, 1);
    ASSERT_TRUE(eventually([&] { return unfinished(outbox_name).size() == 1; }));
    const event_id other = receive(2); // a commit behind both
    EXPECT_FALSE(first.is_answered());
    EXPECT_FALSE(repeat.is_answered());
    publish({other});
    EXPECT_FALSE(first.is_answered()) << "another one's confirm";
    const event_id id = append(*opened_, task_body(1)).result.id;
    publish({id});
    EXPECT_EQ(first.answer().id, id);
    EXPECT_TRUE(repeat.answer().is_repeat);
    confirmed_append late(*opened_, 1);
    EXPECT_EQ(late.answer().id, id) << "is answered at once: the broker has it";
}

/// The one commit that damage ends begins a fresh file with what it held, before anything is carried into it.
TEST_F(Outbox, ARepeatWaitsForTheBrokerThoughItsFirstIsStillToBeCarriedOver) {
    open_receiver();
    const event_id first = receive(1);
    std::atomic<int> decided = 0;
    std::promise<void> are_queued;
    opened_->route_at_append([&](const stored_event& fresh) {
        const int turn = ++decided;
        if (turn == 1)
            are_queued.get_future().wait();
        if (turn == 2)
            throw damaged_file("a page");
        return std::optional{route_to_outbox(fresh)};
    });
    confirmed_append before(*opened_, 2);
    ASSERT_TRUE(eventually([&] { return decided == 1; }));
    confirmed_append damaging(*opened_, 3);
    confirmed_append repeat(*opened_, 1);
    are_queued.set_value();
    ASSERT_TRUE(eventually([&] { return observer_.has("carried_over"); }));
    EXPECT_TRUE(observer_.has("set_aside"));
    EXPECT_EQ(decided, 2);
    EXPECT_EQ(story_of(first).summary.state, event_state::pending);
    EXPECT_FALSE(repeat.is_answered()) << "the broker hasn't confirmed it";
    publish({first});
    confirmed_append late(*opened_, 1);
    EXPECT_EQ(late.answer().id, first);
    EXPECT_FALSE(before.is_answered());
    EXPECT_FALSE(damaging.is_answered());
}

TEST_F(Outbox, OneThatTheBrokerRefusesIsRetriedAndSaysWhy) {
    open_receiver();
    const event_id id = receive(1);
    const sequence at = story_of(id).summary.sequence;
    settle_as(at, outbox_name, retry, 1, "the broker refused it: too large");
    EXPECT_EQ(opened_->outbox().retry, 1U);
    EXPECT_EQ(opened_->outbox().last_error, "the broker refused it: too large");
    EXPECT_EQ(story_of(id).summary.queued->reason, "the broker refused it: too large");
    EXPECT_TRUE(story_of(id).summary.queued->next_attempt_at);
    EXPECT_EQ(discard_waiting(*opened_, outbox_name, 10), 0U) << "what was acked is never given up so";
    publish({id});
    EXPECT_EQ(opened_->outbox().retry, 0U);
    EXPECT_EQ(story_of(id).summary.state, event_state::published);
    expect_no_differences_over_a_restart();
}

TEST_F(Outbox, ReplayPublishesAgainWhatOnlyABrokerGot) {
    open_receiver();
    const event_id id = receive(1);
    const sequence at = story_of(id).summary.sequence;
    EXPECT_EQ(replay_to(at, {outbox_name}), 0U) << "it waits already";
    publish({id});
    EXPECT_EQ(replay_to(at, {outbox_name, "crm"}), 1U);
    EXPECT_EQ(unfinished(outbox_name).size(), 1U);
    EXPECT_TRUE(unfinished("crm").empty()) << "a worker's handlers have it: which one's, the broker knows";
    EXPECT_EQ(story_of(id).summary.state, event_state::pending);
    expect_no_differences_over_a_restart();
}

TEST_F(Outbox, ReplayWithoutABrokerGoesToHandlersHere) {
    open_receiver();
    const event_id id = receive(1);
    const sequence at = story_of(id).summary.sequence;
    publish({id});
    EXPECT_EQ(replay_to(at, {"crm"}), 1U);
    EXPECT_TRUE(unfinished(outbox_name).empty());
    EXPECT_EQ(unfinished("crm").size(), 1U);
    expect_no_differences_over_a_restart();
}

TEST_F(Outbox, ReplayOfWhatWasHandledHereGoesToTheHandlersAlone) {
    open();
    const auto one = from_elsewhere(1);
    take_in({one});
    const sequence at = story_of(one->id).summary.sequence;
    settle_as(at, "crm", done);
    EXPECT_EQ(replay_to(at, {outbox_name, "crm"}), 1U);
    EXPECT_TRUE(unfinished(outbox_name).empty());
    EXPECT_EQ(unfinished("crm").size(), 1U);
    expect_no_differences_over_a_restart();
}

TEST_F(Outbox, WhatRetentionHasDroppedCountsAsConfirmed) {
    retention kept;
    kept.done = std::chrono::milliseconds{1};
    open(kept, std::chrono::milliseconds{1});
    opened_->route_at_append([](const stored_event& fresh) { return std::optional{route_to_outbox(fresh)}; });
    const event_id id = receive(1);
    publish({id});
    ASSERT_TRUE(eventually([&] { return opened_->accounts().expired == 1; }));
    confirmed_append again(*opened_, 1);
    EXPECT_TRUE(eventually([&] { return again.is_answered() || opened_->outbox().pending == 1; }))
        << "as a repeat at once, or as a new event that waits";
}

TEST_F(Outbox, WhatComesByAQueueIsStoredOnceByItsId) {
    open();
    const auto first = from_elsewhere(1);
    const auto second = from_elsewhere(2);
    EXPECT_EQ(take_in({first, second, first}), 2U);
    EXPECT_EQ(take_in({second}), 0U);
    const event_story told = story_of(first->id);
    EXPECT_EQ(told.subject->body, first->body);
    EXPECT_EQ(told.summary.received_at, first->received_at);
    EXPECT_FALSE(told.summary.queued);
    const auto waiting = unfinished("crm");
    ASSERT_EQ(waiting.size(), 2U);
    EXPECT_EQ(waiting[0].sequence, told.summary.sequence) << "in the order in which they came";
    EXPECT_EQ(opened_->accounts().received, 2U);
    settle_as(waiting[0].sequence, "crm", done);
    EXPECT_EQ(take_in({first}), 0U) << "nor is it taken again when it is done";
    expect_no_differences_over_a_restart();
    EXPECT_EQ(take_in({first}), 0U);
}

TEST_F(Outbox, WhatIsUnfinishedIsKnownUpToAPlace) {
    open_receiver();
    receive(1); // the outbox is no handler, and isn't waited for
    const auto first = from_elsewhere(2);
    const auto second = from_elsewhere(3);
    take_in({first, second});
    const sequence first_at = story_of(first->id).summary.sequence;
    const sequence second_at = story_of(second->id).summary.sequence;
    EXPECT_EQ(opened_->routed_up_to(), second_at) << "known when the commit is told of";
    const auto oldest = [&]() -> sequence {
        const unfinished_view seen = opened_->unfinished();
        const auto known = seen.oldest.find("crm");
        return seen.routed_up_to < second_at ? -1 : known == seen.oldest.end() ? 0 : known->second.sequence;
    };
    EXPECT_TRUE(eventually([&] { return oldest() == first_at; }));
    settle_as(second_at, "crm", retry);
    settle_as(first_at, "crm", done);
    EXPECT_TRUE(eventually([&] { return oldest() == second_at; }));
    settle_as(second_at, "crm", dead);
    EXPECT_TRUE(eventually([&] { return oldest() == 0; }));
}

TEST_F(Outbox, OneThatNoRouteTakesIsUnrouted) {
    open();
    const auto one = from_elsewhere(1);
    EXPECT_EQ(take_in({one}, {}), 1U);
    EXPECT_EQ(story_of(one->id).summary.state, event_state::unrouted);
    EXPECT_EQ(take_in({one}), 0U);
    expect_no_differences_over_a_restart();
}

TEST_F(Outbox, TakenInEventsAreOfferedWithTheirRoute) {
    open();
    std::promise<std::vector<stored_event>> offered;
    opened_->on_committed([&](std::span<const stored_event> fresh) {
        offered.set_value({fresh.begin(), fresh.end()});
    });
    const auto one = from_elsewhere(1);
    take_in({one});
    const auto told = offered.get_future().get();
    opened_->on_committed([](std::span<const stored_event>) {});
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].subject->id, one->id);
    EXPECT_TRUE(told[0].is_routed);
    EXPECT_THAT(told[0].route->handlers, ElementsAre(destination("crm")));
    EXPECT_EQ(told[0].route->sequence, told[0].sequence);
}

TEST_F(Outbox, AnOwnEventThatComesBackIsOneEvent) {
    open_receiver();
    const event_id first = receive(1);
    const event_id second = receive(2);
    const sequence second_at = story_of(second).summary.sequence;
    publish({first, second});
    // The second one's queue was quicker.
    EXPECT_EQ(take_in({as_message(second)}), 1U);
    EXPECT_EQ(take_in({as_message(first), as_message(second)}), 1U);
    EXPECT_EQ(opened_->accounts().received, 2U);
    EXPECT_EQ(opened_->accounts().published, 0U);
    EXPECT_EQ(opened_->accounts().pending, 2U);
    const auto waiting = unfinished("crm");
    ASSERT_EQ(waiting.size(), 2U);
    EXPECT_EQ(waiting[0].sequence, story_of(second).summary.sequence);
    EXPECT_EQ(waiting[1].sequence, story_of(first).summary.sequence);
    EXPECT_GT(waiting[0].sequence, second_at);
    EXPECT_TRUE(story_of(first).summary.queued->is_confirmed) << "its way is still told";
    for (const auto& one : waiting)
        settle_as(one.sequence, "crm", done);
    EXPECT_EQ(opened_->accounts().done, 2U);
    EXPECT_EQ(append(*opened_, task_body(1)).result.id, first) << "still known as a repeat";
    expect_no_differences_over_a_restart();
}

TEST_F(Outbox, OneThatComesBackBeforeItsConfirmStaysInTheOutbox) {
    open_receiver();
    const event_id id = receive(1);
    EXPECT_EQ(take_in({as_message(id)}), 1U);
    EXPECT_EQ(opened_->outbox().pending, 1U) << "the exchange may not have it yet";
    const auto waiting = unfinished("crm");
    ASSERT_EQ(waiting.size(), 1U);
    settle_as(waiting[0].sequence, "crm", done);
    EXPECT_EQ(story_of(id).summary.state, event_state::pending);
    publish({id});
    EXPECT_EQ(story_of(id).summary.state, event_state::done);
    expect_no_differences_over_a_restart();
}

/// As the relay puts it off: where the exchange, alone, doesn't take it.
settlement put_off_at(sequence at, const event_id& id) {
    settlement told;
    told.sequence = at;
    told.event = id;
    told.handler = outbox_name;
    told.state = retry;
    told.attempts = 1;
    told.is_undecided = true;
    told.started_at = wall_now();
    told.next_attempt_at = told.started_at + std::chrono::minutes{1};
    told.reason = "a queue that is bound is full";
    return told;
}

TEST_F(Outbox, OneThatIsPutOffIsKnownToBeInItsWorkQueueWhereverItStands) {
    open_receiver();
    const event_id id = receive(1);
    const sequence before = story_of(id).summary.sequence;
    EXPECT_EQ(take_in({as_message(id)}), 1U);
    ASSERT_NE(story_of(id).summary.sequence, before);
    settle(*opened_, put_off_at(before, id));
    const auto waiting = unfinished(outbox_name);
    ASSERT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting[0].state, retry);
    EXPECT_TRUE(waiting[0].is_conditional);
    EXPECT_TRUE(waiting[0].next_attempt_at);
    expect_no_differences_over_a_restart();
    EXPECT_TRUE(unfinished(outbox_name).at(0).is_conditional) << "after a restart, too";
    publish({id});
    EXPECT_EQ(replay_to(story_of(id).summary.sequence, {outbox_name}), 1U);
    EXPECT_FALSE(unfinished(outbox_name).at(0).is_conditional) << "a replay goes to both";
}

TEST_F(Outbox, WithoutABrokerOneThatItsWorkQueueHasIsPublished) {
    open_receiver();
    const event_id id = receive(1);
    const sequence at = story_of(id).summary.sequence;
    settle(*opened_, put_off_at(at, id));
    std::promise<std::uint64_t> written;
    opened_->withdraw({{at, {"crm"}, 7, {}}}, [&](std::uint64_t moved) { written.set_value(moved); });
    EXPECT_EQ(written.get_future().get(), 1U);
    EXPECT_TRUE(unfinished("crm").empty()) << "a worker has it";
    EXPECT_EQ(story_of(id).summary.state, event_state::published);
    expect_no_differences_over_a_restart();
}

TEST_F(Outbox, WithoutABrokerItGoesToHandlersHere) {
    open_receiver();
    const event_id first = receive(1);
    const event_id second = receive(2);
    publish({second});
    std::vector<routing> routes;
    for (const event_id& id : {first, second})
        routes.push_back({story_of(id).summary.sequence, {"crm"}, 7, {}});
    std::promise<std::uint64_t> written;
    opened_->withdraw(routes, [&](std::uint64_t changed) { written.set_value(changed); });
    EXPECT_EQ(written.get_future().get(), 1U) << "what a broker has stays there";
    EXPECT_EQ(unfinished("crm").size(), 1U);
    EXPECT_FALSE(story_of(first).summary.queued);
    EXPECT_EQ(opened_->outbox().pending, 0U);
    expect_no_differences_over_a_restart();
}

} // namespace
} // namespace outreachd::store
