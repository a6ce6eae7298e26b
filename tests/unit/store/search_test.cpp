/// Searches that look at many rows: their pace, and what they keep open.
#include "daemon/store/database.hpp"
#include "daemon/store/search_pace.hpp"
#include "tests/unit/store/fingerprints.hpp"
#include "tests/unit/store/mended_store.hpp"

#include <atomic>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

/// Whose clock stands still but where a test moves it.
struct counted_thread {
    static inline steady_time time{};
    static inline unsigned looks = 0;
    static inline unsigned yields = 0;
    static inline steady_time last_yield{};

    static steady_time now() noexcept {
        ++looks;
        return time;
    }

    static void yield() noexcept {
        ++yields;
        last_yield = time;
    }
};

class SearchPace : public testing::Test {
protected:
    using pace = basic_search_pace<counted_thread>;

    void SetUp() override {
        counted_thread::time = counted_thread::last_yield = steady_time{1h};
        counted_thread::looks = counted_thread::yields = 0;
    }

    static void take(std::chrono::microseconds time) { counted_thread::time += time; }
};

TEST_F(SearchPace, GivesTheCoreAwayAfterEachSlice) {
    pace search(1h);
    constexpr auto row = 10us;
    for (int i = 0; i < 10'000; ++i) {
        search.give_way();
        search.next();
        take(row);
        ASSERT_LE(counted_thread::time - counted_thread::last_yield,
                  pace::slice + 2 * pace::rows_per_look * row);
    }
    EXPECT_LE(counted_thread::yields * pace::slice, 10'000 * row);
    EXPECT_LE(counted_thread::looks, 10'000 / pace::rows_per_look + counted_thread::yields + 2)
        << "a row may take less time than a look at the clock";
}

TEST_F(SearchPace, KeepsTheCoreWithinASlice) {
    pace search(1h);
    for (int i = 0; i < 1000; ++i) {
        search.next();
        search.give_way();
    }
    take(pace::slice - 1us);
    for (int i = 0; i < 1000; ++i) {
        search.next();
        search.give_way();
    }
    EXPECT_EQ(counted_thread::yields, 0U);
}

TEST_F(SearchPace, IsOverWhenItsTimeIsAndStaysSo) {
    pace search(10ms);
    search.next();
    EXPECT_FALSE(search.is_over());
    take(10ms);
    for (unsigned row = 0; row < pace::rows_per_look; ++row)
        search.next();
    EXPECT_TRUE(search.is_over());
    take(-5ms);
    for (unsigned row = 0; row < pace::rows_per_look; ++row)
        search.next();
    EXPECT_TRUE(search.is_over());
}

TEST_F(SearchPace, IsOverWithTheFirstRowWhereThereIsNoTime) {
    pace search(0ms);
    EXPECT_FALSE(search.is_over());
    search.next();
    EXPECT_TRUE(search.is_over());
}

class Searching : public Mending {
protected:
    /// Events of the tasks 0 to `count` - 1, each routed to `handlers`.
    void fill(int count, const std::vector<destination>& handlers) {
        open();
        std::atomic<int> answered = 0;
        for (int id = 0; id < count; ++id)
            opened_->append(genuine_event(task_body(id)), std::chrono::hours{24},
                            std::chrono::steady_clock::now() + 20s, [&](error_code ec, const append_result&) {
                                EXPECT_FALSE(ec);
                                ++answered;
                            });
        ASSERT_TRUE(eventually([&] { return answered == count; }));
        std::vector<routing> routes;
        for (const stored_event& each : opened_->open_reader()->events_after(0, 100'000, 1 << 30).value())
            routes.push_back({each.sequence, handlers, key_of(each.sequence), {}});
        ASSERT_EQ(routes.size(), static_cast<std::size_t>(count));
        route(*opened_, std::move(routes));
    }
};

/// Out of quarantine, or by a queue that was long.
TEST_F(Searching, GoesByTheTimeOfReceiptHoweverLateAnEventWasStored) {
    open();
    const wall_time now = wall_now();
    for (const auto& [id, ago] : {std::pair{1, 3h}, std::pair{2, 1h}}) {
        std::promise<error_code> stored;
        opened_->append(genuine_event(task_body(id), {}, {}, now - ago), std::chrono::hours{24},
                        std::chrono::steady_clock::now() + 20s,
                        [&](error_code ec, const append_result&) { stored.set_value(ec); });
        EXPECT_FALSE(stored.get_future().get());
    }
    const auto reader = opened_->open_reader();
    for (const stored_event& each : reader->events_after(0, 10, 1 << 20).value())
        route(*opened_, {{each.sequence, {"crm"}, key_of(each.sequence), {}}});
    const auto count_since = [&](std::chrono::hours ago) {
        event_filter what;
        what.since = now - ago;
        return reader->list(what).value().records.size();
    };
    EXPECT_EQ(count_since(4h), 2U);
    EXPECT_EQ(count_since(3h), 2U) << "at that very time, too";
    EXPECT_EQ(count_since(2h), 1U);
    EXPECT_EQ(count_since(0h), 0U);
}

/// Over the ends of many slices.
TEST_F(Searching, SeesEachEventOnce) {
    constexpr int count = 3000;
    fill(count, {"crm", "audit"});
    const auto reader = opened_->open_reader();
    for (const auto state : {std::optional<event_state>{}, std::optional{event_state::pending}}) {
        event_filter what;
        what.limit = 1000;
        what.handler = "audit";
        what.state = state;
        int next = count;
        for (auto page = reader->list(what).value().records; !page.empty();
             page = reader->list(what).value().records) {
            for (const event_record& each : page) {
                ASSERT_EQ(each.facts.resource_id, std::to_string(--next));
                ASSERT_EQ(each.deliveries.size(), 2U);
            }
            what.before = page.back().id;
        }
        EXPECT_EQ(next, 0);

        what.before.reset();
        what.resource = "task:0"; // the oldest
        const auto found = reader->list(what).value();
        ASSERT_EQ(found.records.size(), 1U);
        EXPECT_FALSE(found.ended_at) << "all were looked at";
        what.handler = "nobody";
        EXPECT_TRUE(reader->list(what).value().records.empty());
    }
}

/// What it has read is of the moment of each asking, not of an earlier one.
TEST_F(Searching, SeesWhatBecameOfAnEventSinceTheLastOne) {
    open();
    const sequence at = add(1, {"crm"});
    const auto reader = opened_->open_reader();
    event_filter what;
    what.limit = 1; // so that each ends before its rows do
    EXPECT_EQ(reader->list(what).value().records.at(0).state, event_state::pending);
    settle_as(at, "crm", delivery_state::dead, 1, "boom");
    EXPECT_EQ(reader->list(what).value().records.at(0).state, event_state::dead);
    EXPECT_EQ(reader->list_dead({}).value().records.at(0).what.reason, "boom");
    revive(*opened_, {delivery(at, "crm").delivery});
    EXPECT_TRUE(reader->list_dead({}).value().records.empty());
    what.state = event_state::pending;
    EXPECT_EQ(reader->list(what).value().records.size(), 1U);
}

TEST_F(Searching, LetsGoOfAFileThatIsNoMore) {
    open();
    settle_as(add(1, {"crm"}), "crm", delivery_state::dead, 1, "boom");
    const auto reader = opened_->open_reader();
    EXPECT_EQ(reader->list({}).value().records.size(), 1U);
    EXPECT_EQ(reader->list_dead({}).value().records.size(), 1U);
    database(file(), open_mode::write).execute("DROP TABLE dead");
    EXPECT_FALSE(reader->list_dead({})) << "by a connection that knows the table";
    EXPECT_FALSE(reader->list_dead({})) << "by one that misses it: the file is damaged";
    ASSERT_TRUE(eventually([&] { return observer_.has("carried_over"); }));
    EXPECT_EQ(reader->list({}).value().records.size(), 1U);
    EXPECT_EQ(reader->list_dead({}).value().records.size(), 1U);
    EXPECT_TRUE(eventually([&] { return unnamed_files(directory_.path()).empty(); }))
        << "of which the older file would be one";
}

} // namespace
} // namespace outreachd::store
