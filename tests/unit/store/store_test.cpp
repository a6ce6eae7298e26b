#include "daemon/store/database.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <new>

namespace outreachd::store {
namespace {

using testing::ElementsAre;

class Store : public testing::Test {
protected:
    void restart() {
        opened_.reset();
        opened_ = std::make_unique<store>(options{.directory = directory_.path()}, observer_);
    }

    store& opened() {
        if (!opened_)
            restart();
        return *opened_;
    }

    std::vector<stored_event> all_events() {
        return opened().open_reader()->events_after(0, 1000, 1 << 30).value();
    }

    std::vector<event_state> states() {
        std::vector<event_state> found;
        const auto listed = opened().open_reader()->list({});
        for (const event_record& one : listed.value().records)
            found.push_back(one.state);
        return found;
    }

    temporary_directory directory_;
    recording_observer observer_;
    std::unique_ptr<store> opened_;
};

TEST_F(Store, KeepsAnEventByteForByteOverARestart) {
    const std::string body = "{\"data\":{\"id\":12345678901234567890,\"type\":\"task\"}}\n\xC3\xA9\0x";
    const auto stored = append(opened(), body, "id-1");
    ASSERT_FALSE(stored.ec);
    EXPECT_FALSE(stored.result.is_repeat);
    restart();
    const auto events = all_events();
    ASSERT_EQ(events.size(), 1U);
    ASSERT_TRUE(events[0].subject);
    EXPECT_EQ(events[0].subject->body, body);
    EXPECT_EQ(events[0].subject->id, stored.result.id);
    EXPECT_EQ(events[0].subject->endpoint, "/hook");
    EXPECT_EQ(events[0].subject->outreach_event_id, "id-1");
    EXPECT_THAT(events[0].subject->headers, ElementsAre(header{"Outreach-Org-Id", "0f0e"}));
}

/// Beside the headers, which are those that came. What an earlier version stored has none.
TEST_F(Store, KeepsHowAnEventCameOverARestart) {
    constexpr event_origin origins[]{event_origin::unknown, event_origin::signed_request,
                                     event_origin::unsigned_request, event_origin::fetched,
                                     event_origin::queue};
    std::vector<std::shared_ptr<const event>> came;
    for (const event_origin one : origins) {
        event made = genuine_event(task_body(static_cast<int>(one))).get();
        made.origin = one;
        made.headers = {{"Outreach-Org-Id", "0f0e"}};
        came.push_back(std::make_shared<const event>(std::move(made)));
    }
    std::promise<std::uint64_t> taken;
    opened().take_in(
        came,
        [](const stored_event& one) {
            return routing{one.sequence, {"crm"}, 0, {}};
        },
        [&](std::uint64_t count) { taken.set_value(count); });
    ASSERT_EQ(taken.get_future().get(), came.size());
    restart();
    const auto events = all_events();
    ASSERT_EQ(events.size(), came.size());
    for (std::size_t i = 0; i < came.size(); ++i) {
        ASSERT_TRUE(events[i].subject) << i;
        EXPECT_EQ(events[i].subject->origin, origins[i]);
        EXPECT_EQ(events[i].subject->headers, came[i]->headers);
    }
}

/// A process that was killed leaves a WAL behind, and others may look into the file.
class KilledStore : public Store {
protected:
    /// Five events wait for `crm`; the directory is left as a kill leaves it.
    std::string leave_behind() {
        for (int i = 0; i < 5; ++i)
            append(opened(), task_body(i));
        std::vector<routing> routes;
        for (const stored_event& one : all_events())
            routes.push_back({one.sequence, {"crm"}, 0, {}});
        route(opened(), routes);
        std::filesystem::create_directory(left_.path() + "/store");
        for (const char* const companion : {"", "-wal"})
            std::filesystem::copy_file(directory_.path() + name_ + companion,
                                       left_.path() + "/store" + name_ + companion);
        return left_.path() + "/store";
    }

    static void expect_ledger_of_six(const store& subject) {
        EXPECT_TRUE(eventually([&] { return subject.accounts().received == 6; }));
        EXPECT_EQ(subject.accounts().pending, 6U);
        ASSERT_EQ(subject.depths().size(), 1U);
        EXPECT_EQ(subject.depths().front().pending, 5U);
    }

    const char* const name_ = "/events-000001.db";
    temporary_directory left_;
};

TEST_F(KilledStore, StartsBesideAReaderThatHoldsAnOldSnapshot) {
    const std::string left = leave_behind();
    database other(left + name_, open_mode::read);
    const transaction snapshot(other, transaction::kind::read);
    EXPECT_EQ(other.read_number("SELECT count(*) FROM events"), 5);
    store subject(options{.directory = left}, observer_);
    EXPECT_FALSE(append(subject, task_body(5)).ec);
    EXPECT_FALSE(observer_.has("write_failed"));
    expect_ledger_of_six(subject);
}

TEST_F(KilledStore, KeepsItsCountsWhenTheFirstCommitFails) {
    const std::string left = leave_behind();
    store subject(options{.directory = left}, observer_);
    std::future<appended_event> answer;
    {
        database other(left + name_, open_mode::write);
        const transaction holds_the_lock(other, transaction::kind::write);
        answer = std::async(std::launch::async, [&] { return append(subject, task_body(5)); });
        EXPECT_TRUE(eventually([&] { return observer_.has("write_failed"); }));
    }
    EXPECT_FALSE(answer.get().ec);
    expect_ledger_of_six(subject);
}

/// What waits while the disk hangs may have taken the memory.
TEST_F(Store, TriesACommitAgainThatAnyExceptionHasEnded) {
    std::atomic<int> tries = 0;
    opened().route_at_append([&](const stored_event& stored) {
        if (++tries == 1)
            throw std::bad_alloc{};
        return std::optional{routing{stored.sequence, {"crm"}, 0, {}}};
    });
    const auto first = append(opened(), task_body(1), "id-1");
    EXPECT_FALSE(first.ec);
    EXPECT_FALSE(first.result.is_repeat) << "of itself";
    EXPECT_EQ(tries, 2);
    EXPECT_TRUE(observer_.has("write_failed"));
    EXPECT_TRUE(append(opened(), task_body(1), "id-1").result.is_repeat);
    EXPECT_EQ(all_events().size(), 1U);
    EXPECT_EQ(opened().accounts().received, 1U);
    EXPECT_EQ(differences(opened()), "");
}

TEST_F(Store, AnswersARepeatWithTheFirstAndKeepsOne) {
    const auto first = append(opened(), task_body(1));
    const auto second = append(opened(), task_body(1));
    EXPECT_FALSE(second.ec);
    EXPECT_TRUE(second.result.is_repeat);
    EXPECT_EQ(second.result.id, first.result.id);
    EXPECT_EQ(all_events().size(), 1U);
}

TEST_F(Store, FindsARepeatAfterARestart) {
    append(opened(), task_body(1));
    restart();
    EXPECT_TRUE(append(opened(), task_body(1)).result.is_repeat);
}

TEST_F(Store, KnowsARepeatByItsEventIdThoughTheBodyDiffers) {
    append(opened(), task_body(1), "e-1");
    EXPECT_TRUE(append(opened(), task_body(1) + " ", "e-1").result.is_repeat);
    EXPECT_FALSE(append(opened(), task_body(2), "e-1").result.is_repeat) << "another resource";
    EXPECT_FALSE(append(opened(), task_body(3), "e-2").result.is_repeat);
}

TEST_F(Store, TakesWhatIsOlderThanTheWindowAsNew) {
    append(opened(), task_body(1));
    EXPECT_FALSE(append(opened(), task_body(1), {}, std::chrono::milliseconds{0}).result.is_repeat);
    EXPECT_EQ(all_events().size(), 2U);
}

TEST_F(Store, OffersCommittedEventsInOrderOnce) {
    std::mutex mutex;
    std::vector<sequence> offered;
    opened().on_committed([&](std::span<const stored_event> events) {
        const std::scoped_lock lock(mutex);
        for (const stored_event& one : events)
            offered.push_back(one.sequence);
    });
    for (int i = 0; i < 50; ++i)
        append(opened(), task_body(i));
    append(opened(), task_body(0));
    opened().stop(std::chrono::seconds{5});
    EXPECT_EQ(offered.size(), 50U);
    EXPECT_TRUE(std::is_sorted(offered.begin(), offered.end()));
}

TEST_F(Store, FollowsAnEventFromPendingToDone) {
    append(opened(), task_body(1));
    const sequence at = all_events()[0].sequence;
    EXPECT_THAT(states(), ElementsAre(event_state::pending)) << "not routed yet";

    route(opened(), {{at, {"crm", "audit"}, 7, {}}});
    EXPECT_EQ(opened().open_reader()->routed_up_to().value(), at);
    auto unfinished = opened().open_reader()->unfinished("crm", 0, 10).value();
    ASSERT_EQ(unfinished.size(), 1U);
    EXPECT_EQ(unfinished[0].ordering_key, 7U);

    settlement attempt{at,
                       "crm",
                       delivery_state::retry,
                       1,
                       wall_now(),
                       std::chrono::milliseconds{3},
                       wall_now() + std::chrono::seconds{9},
                       "connection refused",
                       "no"};
    settle(opened(), attempt);
    EXPECT_THAT(states(), ElementsAre(event_state::pending));
    attempt.state = delivery_state::done;
    attempt.attempts = 2;
    attempt.next_attempt_at.reset();
    attempt.reason.clear();
    settle(opened(), attempt);
    EXPECT_THAT(states(), ElementsAre(event_state::pending)) << "the other handler hasn't had it";
    settle(opened(),
           {at, "audit", delivery_state::done, 1, wall_now(), std::chrono::milliseconds{1}, {}, {}, {}});
    EXPECT_THAT(states(), ElementsAre(event_state::done));

    restart();
    const ledger accounts = opened().accounts();
    EXPECT_EQ(accounts.received, 1U);
    EXPECT_EQ(accounts.done, 1U);
    EXPECT_EQ(accounts.pending, 0U);
    EXPECT_EQ(accounts.unaccounted(), 0);
    const auto told = opened().open_reader()->story(all_events()[0].subject->id).value();
    ASSERT_EQ(told.attempts.size(), 2U);
    EXPECT_EQ(told.attempts[0].reason, "connection refused");
    EXPECT_EQ(told.summary.deliveries.size(), 2U);
}

TEST_F(Store, RoutesByTheCommitThatStoresWhereItCan) {
    append(opened(), task_body(1)); // not routed: those behind it can't be, either
    opened().route_at_append([](const stored_event& stored) {
        return std::optional{routing{stored.sequence, {"crm"}, 5, {}}};
    });
    append(opened(), task_body(2));
    const auto events = all_events();
    EXPECT_LT(opened().open_reader()->routed_up_to().value(), events[0].sequence);
    route(opened(), {{events[0].sequence, {}, 0, {}}, {events[1].sequence, {"crm"}, 5, {}}});

    append(opened(), task_body(3));
    const sequence last = all_events().back().sequence;
    EXPECT_EQ(opened().open_reader()->routed_up_to().value(), last);
    EXPECT_EQ(opened().open_reader()->unfinished("crm", 0, 10).value().size(), 2U);
    EXPECT_TRUE(eventually([&] { return opened().accounts().pending == 2; }));
    EXPECT_EQ(opened().accounts().unrouted, 1U);
    EXPECT_EQ(opened().accounts().unaccounted(), 0);
}

TEST_F(Store, PassesOverARouteWhoseEventIsNotThere) {
    append(opened(), task_body(1));
    const sequence at = all_events()[0].sequence;
    route(opened(), {{at, {"crm"}, 0, {}}, {at + 1, {"crm"}, 0, {}}});
    EXPECT_EQ(opened().open_reader()->routed_up_to().value(), at + 1);
    EXPECT_EQ(opened().open_reader()->unfinished("crm", 0, 10).value().size(), 1U);
    EXPECT_EQ(opened().accounts().unaccounted(), 0);
}

TEST_F(Store, CountsDeadAndUnroutedEvents) {
    for (int i = 0; i < 3; ++i)
        append(opened(), task_body(i));
    const auto events = all_events();
    route(opened(), {{events[0].sequence, {}, 0, {}},
                     {events[1].sequence, {}, 0, "unparsable"},
                     {events[2].sequence, {"crm"}, 0, {}}});
    settle(opened(),
           {events[2].sequence, "crm", delivery_state::dead, 1, wall_now(), {}, {}, "status 400", "bad"});
    const ledger accounts = opened().accounts();
    EXPECT_EQ(accounts.unrouted, 1U);
    EXPECT_EQ(accounts.dead, 2U);
    EXPECT_EQ(accounts.unaccounted(), 0);

    event_filter only;
    only.state = event_state::dead;
    EXPECT_EQ(opened().open_reader()->list(only).value().records.size(), 2U);
    only.handler = "crm";
    EXPECT_EQ(opened().open_reader()->list(only).value().records.size(), 1U);
    only = {};
    only.state = event_state::unrouted;
    EXPECT_EQ(opened().open_reader()->list(only).value().records.size(), 1U);
    for (const handler_depth& depth : opened().depths())
        if (depth.handler == "crm") {
            EXPECT_EQ(depth.dead, 1U);
            EXPECT_EQ(depth.last_error, "status 400");
        }
}

TEST_F(Store, ListsNewestFirstAndPages) {
    for (int i = 0; i < 25; ++i)
        append(opened(), task_body(i));
    const auto reader = opened().open_reader();
    event_filter page;
    page.limit = 10;
    std::vector<std::string> ids;
    for (;;) {
        const auto records = reader->list(page).value().records;
        if (records.empty())
            break;
        for (const event_record& one : records)
            ids.push_back(one.facts.resource_id);
        page.before = records.back().id;
    }
    ASSERT_EQ(ids.size(), 25U);
    EXPECT_EQ(ids.front(), "24");
    EXPECT_EQ(ids.back(), "0");
    page = {};
    page.resource = "task:7";
    EXPECT_EQ(reader->list(page).value().records.size(), 1U);
    page.resource = "task";
    page.name = "task.destroyed";
    EXPECT_TRUE(reader->list(page).value().records.empty());
    page.name = "task.*";
    EXPECT_EQ(reader->list(page).value().records.size(), 25U);
    page.name = "*.created";
    EXPECT_TRUE(reader->list(page).value().records.empty());
}

TEST_F(Store, TakesAllThatWaitsInOneCommit) {
    constexpr int count = 2000;
    std::atomic<int> answered = 0;
    std::promise<void> all;
    for (int i = 0; i < count; ++i)
        opened().append(genuine_event(task_body(i)), std::chrono::hours{1},
                        std::chrono::steady_clock::now() + std::chrono::seconds{30},
                        [&](error_code ec, append_result) {
                            EXPECT_FALSE(ec);
                            if (++answered == count)
                                all.set_value();
                        });
    all.get_future().get();
    EXPECT_TRUE(
        eventually([&] { return opened().accounts().received == static_cast<std::uint64_t>(count); }));
}

TEST_F(Store, RefusesADirectoryThatAnotherHolds) {
    opened();
    EXPECT_THROW(store(options{.directory = directory_.path()}, observer_), std::runtime_error);
}

TEST_F(Store, AnswersStoppingOnceStopped) {
    opened().stop(std::chrono::seconds{5});
    EXPECT_EQ(append(opened(), task_body(1)).ec, errc::stopping);
}

/// Thousands of others lie between; their bodies aren't read.
TEST(StoreByResource, IsLookedThroughAPieceAtATime) {
    temporary_directory directory;
    recording_observer watcher;
    store subject{{.directory = directory.path()}, watcher};
    constexpr int others = 5'000;
    for (int n = 0; n < others; ++n)
        subject.append(genuine_event(task_body(n)), std::chrono::hours{1},
                       std::chrono::steady_clock::now() + std::chrono::seconds{20},
                       [](error_code, append_result) {});
    const std::string body = R"({"data":{"type":"call","id":7},"meta":{"eventName":"call.created"}})";
    ASSERT_FALSE(append(subject, body).ec);
    const auto reader = subject.open_reader();
    const auto first = reader->next_of_resource("call", 0).value();
    EXPECT_TRUE(first.events.empty());
    EXPECT_GT(first.looked_up_to, 0);
    const auto second = reader->next_of_resource("call", first.looked_up_to).value();
    ASSERT_EQ(second.events.size(), 1U);
    EXPECT_EQ(second.events[0].subject->body, body);
    EXPECT_EQ(second.looked_up_to, second.events[0].sequence);
    const auto end = reader->next_of_resource("call", second.looked_up_to).value();
    EXPECT_TRUE(end.events.empty());
    EXPECT_EQ(end.looked_up_to, second.looked_up_to);
}

} // namespace
} // namespace outreachd::store
