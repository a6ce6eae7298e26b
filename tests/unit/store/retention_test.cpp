/// What leaves the store, when, and what never does.
#include "daemon/store/database.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

namespace outreachd::store {
namespace {

using namespace std::chrono_literals;

constexpr auto for_ever = std::chrono::hours{24 * 365};
constexpr std::uint64_t no_bound = 1ULL << 40;

class Retention : public testing::Test {
protected:
    void open(const retention& kept, std::chrono::milliseconds repeat_window = 0ms) {
        opened_.reset();
        opened_ = std::make_unique<store>(options{directory_.path(), repeat_window, kept}, observer_);
    }

    /// `count` events of each kind, oldest first: done, dead, unrouted, pending; their resource ids count up.
    void fill(int count, std::size_t padding = 0) {
        for (int i = 0; i < 4 * count; ++i)
            append(*opened_, task_body(i) + std::string(padding, ' '));
        const auto events = opened_->open_reader()->events_after(0, 100'000, 1 << 30).value();
        std::vector<routing> routes;
        for (std::size_t i = 0; i < events.size(); ++i)
            routes.push_back(
                {events[i].sequence,
                 is_unrouted(i, count) ? std::vector<destination>{} : std::vector<destination>{"crm"},
                 0,
                 {}});
        route(*opened_, routes);
        for (std::size_t i = 0; i < 2 * static_cast<std::size_t>(count); ++i)
            settle(*opened_,
                   {events[i].sequence,
                    "crm",
                    i < static_cast<std::size_t>(count) ? delivery_state::done : delivery_state::dead,
                    1,
                    wall_now(),
                    {},
                    {},
                    {},
                    {}});
    }

    static bool is_unrouted(std::size_t at, int count) {
        const auto kind = at / static_cast<std::size_t>(count);
        return kind == 2;
    }

    /// Waits for the numbers of done, dead, unrouted and pending events.
    bool has(std::uint64_t done, std::uint64_t dead, std::uint64_t unrouted, std::uint64_t pending) {
        return eventually([&] {
            const ledger now = opened_->accounts();
            return now.done == done && now.dead == dead && now.unrouted == unrouted && now.pending == pending;
        });
    }

    temporary_directory directory_;
    recording_observer observer_;
    std::unique_ptr<store> opened_;
};

TEST_F(Retention, EachStateHasItsOwn) {
    open({for_ever, for_ever, for_ever, no_bound});
    fill(10);
    ASSERT_TRUE(has(10, 10, 10, 10));
    open({1ms, for_ever, for_ever, no_bound});
    EXPECT_TRUE(has(0, 10, 10, 10));
    open({1ms, 1ms, for_ever, no_bound});
    EXPECT_TRUE(has(0, 10, 0, 10));
    EXPECT_EQ(opened_->depths().front().dead, 10U);
    open({1ms, 1ms, 1ms, no_bound});
    EXPECT_TRUE(has(0, 0, 0, 10));
    EXPECT_EQ(opened_->depths().front().dead, 0U);
    EXPECT_EQ(opened_->accounts().expired, 30U);
    EXPECT_EQ(opened_->accounts().unaccounted(), 0);
    EXPECT_EQ(opened_->open_reader()->list({}).value().records.size(), 10U);
    open({for_ever, for_ever, for_ever, no_bound});
    EXPECT_TRUE(has(0, 0, 0, 10)) << "the counts are kept, too";
    EXPECT_EQ(opened_->accounts().expired, 30U);
}

TEST_F(Retention, CountsFromTheEndOfTheLastDelivery) {
    open({2s, for_ever, for_ever, no_bound});
    append(*opened_, task_body(1));
    const sequence at = opened_->open_reader()->events_after(0, 1, 1 << 20).value().front().sequence;
    route(*opened_, {{at, {"crm"}, 0, {}}});
    std::this_thread::sleep_for(2s); // by its receipt it would be old enough
    const auto finished = std::chrono::steady_clock::now();
    settle(*opened_, {at, "crm", delivery_state::done, 1, wall_now(), {}, {}, {}, {}});
    EXPECT_TRUE(has(0, 0, 0, 0));
    EXPECT_GE(std::chrono::steady_clock::now() - finished, 1900ms);
}

/// Though a pass has met it before.
TEST_F(Retention, TakesOneThatIsFinishedWhenItIsOldEnough) {
    open({1ms, for_ever, for_ever, no_bound});
    append(*opened_, task_body(1));
    const sequence at = opened_->open_reader()->events_after(0, 1, 1 << 20).value().front().sequence;
    route(*opened_, {{at, {"crm"}, 0, {}}});
    std::this_thread::sleep_for(600ms); // some passes
    settle(*opened_, {at, "crm", delivery_state::done, 1, wall_now(), {}, {}, {}, {}});
    EXPECT_TRUE(eventually([&] { return opened_->accounts().expired == 1; }));
}

/// A repeat of it may still come, and nothing else would tell after a restart.
TEST_F(Retention, KeepsWhatTheRepeatIndexNeedsAtTheNextStart) {
    open({1ms, 1ms, 1ms, no_bound}, for_ever);
    fill(5);
    open({1ms, 1ms, 1ms, no_bound}, for_ever);
    std::this_thread::sleep_for(600ms); // some passes
    ASSERT_TRUE(has(5, 5, 5, 5));
    EXPECT_TRUE(append(*opened_, task_body(0)).result.is_repeat);
}

TEST_F(Retention, SizeDropsDoneThenUnroutedEventsAndNeverOthers) {
    open({for_ever, for_ever, for_ever, no_bound});
    fill(100, 20'000);
    ASSERT_TRUE(has(100, 100, 100, 100));
    open({for_ever, for_ever, for_ever, 1});
    EXPECT_TRUE(has(0, 100, 0, 100));
    EXPECT_EQ(opened_->open_reader()->unfinished("crm", 0, 1000).value().size(), 100U);
    EXPECT_EQ(opened_->accounts().unaccounted(), 0);
    EXPECT_FALSE(append(*opened_, task_body(1'000'000)).ec) << "what comes is taken all the same";
}

TEST_F(Retention, SizeDropsTheOldestFirstAndNoMoreThanItMust) {
    open({for_ever, for_ever, for_ever, no_bound});
    fill(100, 20'000); // some 8.5 MiB, a quarter of it done
    open({for_ever, for_ever, for_ever, 7ULL * 1024 * 1024});
    EXPECT_TRUE(eventually([&] { return opened_->accounts().expired > 0; }));
    std::uint64_t expired = 0;
    EXPECT_TRUE(eventually([&] { // until it stays
        const std::uint64_t before = std::exchange(expired, opened_->accounts().expired);
        std::this_thread::sleep_for(600ms);
        return expired == before;
    }));
    EXPECT_LE(expired, 100U + 64U) << "a few of the unrouted at most";
    const auto left = opened_->open_reader()->events_after(0, 1, 1 << 20).value();
    EXPECT_EQ(left.at(0).subject->facts.resource_id, std::to_string(std::min<std::uint64_t>(expired, 100)));
}

/// Who compares with the store must not take what it has let go for what never came.
TEST_F(Retention, TellsUpToWhereSizeHasDroppedOverRestartsAndSalvages) {
    open({for_ever, for_ever, for_ever, no_bound});
    fill(100, 20'000);
    const sequence newest_unrouted =
        opened_->open_reader()->events_after(0, 300, 1 << 30).value().back().sequence;
    open({1ms, for_ever, for_ever, no_bound});
    ASSERT_TRUE(has(0, 100, 100, 100));
    EXPECT_FALSE(opened_->dropped_up_to()) << "that was their age";
    open({for_ever, for_ever, for_ever, 1});
    ASSERT_TRUE(has(0, 100, 0, 100));
    const auto is_told = [&] {
        return opened_->dropped_up_to() == wall_time{std::chrono::microseconds{newest_unrouted}};
    };
    EXPECT_TRUE(is_told());
    open({for_ever, for_ever, for_ever, no_bound});
    EXPECT_TRUE(is_told());

    opened_.reset();
    std::fstream header(directory_.path() + "/events-000001.db",
                        std::ios::in | std::ios::out | std::ios::binary);
    header.put('?');
    header.close();
    open({for_ever, for_ever, for_ever, no_bound});
    ASSERT_TRUE(observer_.has("set_aside"));
    EXPECT_TRUE(eventually(is_told));
}

TEST_F(Retention, TheFileShrinksAgain) {
    open({for_ever, for_ever, for_ever, no_bound});
    fill(120, 20'000);
    opened_.reset();
    const std::string file = directory_.path() + "/events-000001.db";
    const auto full = std::filesystem::file_size(file);
    open({1ms, 1ms, 1ms, no_bound});
    EXPECT_TRUE(has(0, 0, 0, 120));
    EXPECT_TRUE(eventually([&] {
        database look(file, open_mode::read);
        return look.read_number("PRAGMA freelist_count") <= 256;
    }));
    // Where a checkpoint is under way the last one of a stop finds no turn: then the next has it.
    EXPECT_TRUE(eventually([&] {
        opened_.reset();
        open({1ms, 1ms, 1ms, no_bound});
        opened_.reset();
        return std::filesystem::file_size(file) < full / 2;
    }));
    EXPECT_FALSE(observer_.has("write_failed"));
}

/// Appends one after the other, as a sender feels them.
class appends {
public:
    void make(store& to) {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_FALSE(append(to, task_body(next_id_++)).ec);
        took_.push_back(std::chrono::steady_clock::now() - begin);
    }

    std::size_t count() const { return took_.size(); }

    std::chrono::milliseconds longest() const { return at(took_.size()); }

    std::chrono::milliseconds p99() const { return at(took_.size() * 99 / 100); }

private:
    std::chrono::milliseconds at(std::size_t number) const {
        auto sorted = took_;
        std::ranges::sort(sorted);
        return std::chrono::ceil<std::chrono::milliseconds>(sorted.at(std::max<std::size_t>(number, 1) - 1));
    }

    std::vector<std::chrono::steady_clock::duration> took_;
    static inline int next_id_ = 1'000'000;
};

TEST_F(Retention, NoAppendFeelsThatEventsLeaveAndTheFileShrinks) {
    constexpr std::uint64_t count = 4000;
    open({for_ever, for_ever, for_ever, no_bound});
    std::atomic<std::uint64_t> stored = 0;
    for (std::uint64_t i = 0; i < count; ++i)
        opened_->append(genuine_event(task_body(static_cast<int>(i)) + std::string(10'000, ' ')), 1h,
                        std::chrono::steady_clock::now() + 20s, [&](error_code, append_result) { ++stored; });
    ASSERT_TRUE(eventually([&] { return stored == count; }));
    std::vector<routing> to_nobody;
    for (const stored_event& one : opened_->open_reader()->events_after(0, count, 1 << 30).value())
        to_nobody.push_back({one.sequence, {}, 0, {}});
    route(*opened_, to_nobody);
    appends quiet;
    while (quiet.count() < 200)
        quiet.make(*opened_);
    opened_.reset();
    const std::string file = directory_.path() + "/events-000001.db";
    const auto full = std::filesystem::file_size(file);

    open({.done = for_ever, .unrouted = 1ms, .dead = for_ever, .size_bytes_max = no_bound});
    appends meanwhile;
    std::int64_t free_pages = 0;
    EXPECT_TRUE(eventually([&] {
        for (int i = 0; i < 20; ++i)
            meanwhile.make(*opened_);
        free_pages = database(file, open_mode::read).read_number("PRAGMA freelist_count");
        return opened_->accounts().expired == count && free_pages <= 256;
    })) << opened_->accounts().expired
        << " have left, and " << free_pages << " pages are free";
    opened_.reset();
    EXPECT_LT(std::filesystem::file_size(file), full / 2);
    std::cout << meanwhile.count() << " appends meanwhile: p99 " << meanwhile.p99().count() << " ms, longest "
              << meanwhile.longest().count() << " ms; of " << quiet.count() << " without "
              << quiet.p99().count() << " and " << quiet.longest().count() << " ms\n";
    EXPECT_GE(meanwhile.count(), 100U);
    // Against what this machine takes by itself: others use it, too.
    EXPECT_LT(meanwhile.p99(), 50ms + 2 * quiet.p99());
    EXPECT_LT(meanwhile.longest(), 500ms + 2 * quiet.longest());
}

} // namespace
} // namespace outreachd::store
