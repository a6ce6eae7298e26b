/// A clock that jumps, and what the expiry makes of it.
#include "daemon/store/clock_watch.hpp"
#include "daemon/store/event_row.hpp"
#include "daemon/store/expiry.hpp"
#include "daemon/store/writer.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

class ClockWatch : public testing::Test {
protected:
    auto look_after(std::chrono::seconds wall, std::chrono::seconds steady) {
        wall_ += wall;
        steady_ += steady;
        return watch_.look(wall_, steady_);
    }

    clock_watch watch_;
    wall_time wall_ = wall_now();
    steady_time steady_ = std::chrono::steady_clock::now();
};

TEST_F(ClockWatch, TrustsAClockThatGoes) {
    EXPECT_EQ(look_after(0s, 0s), std::nullopt) << "the first look compares nothing";
    EXPECT_EQ(look_after(24h, 24h), std::nullopt) << "however long nobody looked";
    EXPECT_EQ(look_after(59min, 1s), std::nullopt) << "a small step";
    EXPECT_EQ(look_after(-24h * 365, 1s), std::nullopt) << "backwards nothing ages";
    EXPECT_TRUE(watch_.is_trusted());
}

TEST_F(ClockWatch, DoubtsOneThatWasSetFarForwardForAnHour) {
    look_after(0s, 0s);
    EXPECT_EQ(look_after(24h * 365 + 1s, 1s), 24h * 365);
    EXPECT_FALSE(watch_.is_trusted());
    EXPECT_EQ(look_after(59min, 59min), std::nullopt) << "told once";
    EXPECT_FALSE(watch_.is_trusted());
    look_after(1min, 1min);
    EXPECT_TRUE(watch_.is_trusted()) << "nobody has set it back: it is right";
}

/// The way back, and then forward again, is a jump of its own.
TEST_F(ClockWatch, BeginsToDoubtAnewWithEachJump) {
    look_after(0s, 0s);
    look_after(24h, 1s);
    look_after(-24h, 1800s);
    EXPECT_TRUE(look_after(24h, 1s));
    look_after(1801s, 1801s);
    EXPECT_FALSE(watch_.is_trusted());
}

/// Five events that are done, in a file whose writer runs.
class ExpiryByTheClock : public testing::Test {
protected:
    ExpiryByTheClock() {
        {
            store made(options{.directory = events_.path()}, observer_);
            for (int i = 0; i < 5; ++i)
                append(made, task_body(i));
            for (const stored_event& one : made.open_reader()->events_after(0, 10, 1 << 20).value()) {
                route(made, {{one.sequence, {"crm"}, 0, {}}});
                settle(made, {one.sequence, "crm", delivery_state::done, 1, wall_now(), {}, {}, {}, {}});
            }
            const store empty(options{.directory = nothing_.path()}, observer_);
        }
        files_.emplace(events_.path());
        writer_ = std::make_unique<writer>(*files_, 0ms, observer_);
        thread_ = std::jthread([this] { writer_->run(); });
    }

    ~ExpiryByTheClock() override { writer_->stop(std::chrono::steady_clock::now()); }

    /// What is left once there is nothing to do any more. `seen`: when the clock was looked at before, if
    /// ever.
    std::uint64_t left_at(wall_time now, const retention& kept, std::chrono::milliseconds repeat_window,
                          std::optional<wall_time> seen) {
        expiry subject(kept, repeat_window, *writer_, observer_);
        database nothing(nothing_.path() + "/events-000001.db", open_mode::read);
        while (seen && subject.step(nothing, 2, *seen, 0)) {
        }
        database from(files_->path_of(1), open_mode::read);
        while (subject.step(from, 1, now, 0)) {
        }
        return writer_->accounts().done;
    }

    static constexpr auto for_ever = std::chrono::hours{24 * 365};
    temporary_directory events_;
    temporary_directory nothing_;
    recording_observer observer_;
    std::optional<file_set> files_;
    std::unique_ptr<writer> writer_;
    std::jthread thread_;
};

TEST_F(ExpiryByTheClock, RemovesNothingForItsAgeAfterAJump) {
    const retention a_day{24h, 24h, 24h, 1ULL << 40};
    const wall_time now = wall_now();
    EXPECT_EQ(left_at(now + 48h, a_day, 0ms, now), 5U);
    EXPECT_TRUE(observer_.has("clock_jumped"));
    observer_.forget();
    EXPECT_EQ(left_at(now + 48h, a_day, 0ms, std::nullopt), 0U) << "as at a start: it is that late";
    EXPECT_FALSE(observer_.has("clock_jumped"));
}

/// What the repeat index needs for its next start may be a repeat's first, once the clock is right again.
TEST_F(ExpiryByTheClock, DropsNothingForRoomThatIsNeededUnlessTheClockJumped) {
    const retention no_room{for_ever, for_ever, for_ever, 1};
    const wall_time now = wall_now();
    EXPECT_EQ(left_at(now, no_room, 24h, std::nullopt), 5U);
    EXPECT_EQ(left_at(now + 48h, no_room, 24h, now), 5U);
    EXPECT_EQ(left_at(now + 48h, no_room, 24h, std::nullopt), 0U);
}

/// What came after a clock that was ahead was set back has a place that lies ahead, but it ended when it did.
TEST_F(ExpiryByTheClock, RemovesByItsEndWhatHasAPlaceThatLiesAhead) {
    database(files_->path_of(1), open_mode::write)
        .execute("UPDATE events SET sequence=sequence+31536000000000;"
                 "UPDATE deliveries SET event=event+31536000000000;"
                 "UPDATE facts SET value=(SELECT max(sequence) FROM events) WHERE key='indexed_up_to'");
    const retention a_day{24h, 24h, 24h, 1ULL << 40};
    EXPECT_EQ(left_at(wall_now() + 23h, a_day, 0ms, std::nullopt), 5U);
    EXPECT_EQ(left_at(wall_now() + 25h, a_day, 0ms, std::nullopt), 0U);
}

/// Each event has a place behind the one before, so what was stored while the clock was wrong leaves places
/// for later that lie far ahead. How long something waits is told all the same.
TEST(ClockSetBack, HidesNoAge) {
    const temporary_directory directory;
    recording_observer observer;
    { const store made(options{.directory = directory.path()}, observer); }
    {
        database file(directory.path() + "/events-000001.db", open_mode::write);
        statement(file, "UPDATE facts SET value=? WHERE key='routed_up_to'")
            .bind(to_number(wall_now() + 24h * 365))
            .run();
    }
    store opened(options{.directory = directory.path()}, observer);
    const wall_time before = wall_now();
    append(opened, task_body(1));
    const auto events = opened.open_reader()->events_after(0, 1, 1).value();
    ASSERT_EQ(events.size(), 1U);
    ASSERT_GT(to_wall_time(events.front().sequence), before + 24h);
    route(opened, {{events.front().sequence, {"crm"}, 0, {}}});
    EXPECT_TRUE(eventually([&] { return opened.depths().front().oldest_pending.has_value(); }));
    const wall_time told = opened.depths().front().oldest_pending.value();
    EXPECT_GE(told, before - 1s);
    EXPECT_LE(told, wall_now());
}

/// What came in that moment has a receipt that lies ahead itself; what waits behind it hasn't.
TEST(ClockSetBack, HidesNoAgeOfWhatWaitsBehind) {
    const temporary_directory directory;
    recording_observer observer;
    const wall_time before = wall_now();
    {
        store made(options{.directory = directory.path()}, observer);
        append(made, task_body(1));
        append(made, task_body(2));
        for (const stored_event& one : made.open_reader()->events_after(0, 2, 1 << 20).value())
            route(made, {{one.sequence, {"crm"}, 0, {}}});
    }
    {
        database file(directory.path() + "/events-000001.db", open_mode::write);
        file.execute("UPDATE events SET received_at=received_at+86400000000 WHERE sequence="
                     "(SELECT min(sequence) FROM events)");
    }
    const store opened(options{.directory = directory.path()}, observer);
    EXPECT_TRUE(eventually([&] {
        const auto told = opened.depths().front().oldest_pending;
        return told && *told >= before - 1s && *told <= wall_now();
    }));
}

} // namespace
} // namespace outreachd::store
