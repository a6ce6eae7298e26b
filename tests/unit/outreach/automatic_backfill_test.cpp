/// What the daemon fetches by itself: a gap begins where the last mark stands, and is one until it is filled.
#include "tests/unit/outreach/backfill_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class AutomaticBackfill : public Backfill {
protected:
    std::shared_ptr<backfill> start(bool is_automatic = true, backfill_times times = quick()) {
        auto made = std::make_shared<backfill>(
            sources(), target(), settings::backfill{.is_automatic = is_automatic, .resources = {}},
            std::vector<std::string>{"prospect"}, directory_.path(), outreach_.log, times);
        made->start();
        return made;
    }

    static backfill_times quick() {
        backfill_times made;
        made.beat = std::chrono::milliseconds{20};
        made.again = std::chrono::milliseconds{50};
        made.settle = std::chrono::milliseconds{0};
        return made;
    }

    static void stop(backfill& what) {
        EXPECT_TRUE(what.finish_stop(std::chrono::steady_clock::now() + std::chrono::seconds{10}));
    }

    covered_time covered() const { return covered_time{directory_.path()}; }
};

TEST_F(AutomaticBackfill, FillsTheGapSinceTheLastMark) {
    const wall_time before = wall_now();
    covered().mark(before);
    add_prospect("Ada");
    const auto running = start();
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 1; }));
    EXPECT_TRUE(sandbox::becomes_true([&] { return covered().last().time > before; })) << "and moves it on";
    stop(*running);
}

/// There is nothing to compare with, and a CRM has years of records.
TEST_F(AutomaticBackfill, ANewHostFetchesNothing) {
    add_prospect("Ada");
    const auto running = start();
    EXPECT_TRUE(sandbox::becomes_true([&] { return covered().last().time.has_value(); }));
    stop(*running);
    EXPECT_FALSE(running->progress());
    EXPECT_THAT(stored(), SizeIs(0));
}

/// A gap that can't be filled yet is one still after the next start.
TEST_F(AutomaticBackfill, TheMarkStaysWhileOutreachCannotBeAsked) {
    const wall_time before = wall_now() - std::chrono::minutes{5};
    covered().mark(before);
    shared_ = nullptr;
    settings::outreach nowhere;
    nowhere.base_url = "http://127.0.0.1:1/api/v2";
    nowhere.auth = settings::token_access{.token = secret{"any"}};
    shared_ = std::make_shared<handlers::outreach::access>(nowhere, directory_.path());
    const auto running = start();
    EXPECT_TRUE(sandbox::becomes_true([&] {
        const auto now = running->progress();
        return now && now->finished_at;
    }));
    stop(*running);
    EXPECT_EQ(to_rfc3339(covered().last().time.value()), to_rfc3339(before));
}

TEST_F(AutomaticBackfill, WhatASuspensionHeldBackIsFetchedAtItsEnd) {
    const auto running = start();
    const std::int64_t missing = add_prospect("Ada");
    running->note_suspension(wall_now() - std::chrono::seconds{1});
    running->note_suspension(wall_now());
    running->note_suspension(std::nullopt);
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 1; }));
    stop(*running);
    EXPECT_EQ(stored()[0]->facts.resource_id, std::to_string(missing));
}

/// Somebody has to fetch what a webhook holds back: with `on_start: auto` that is seen to at its end.
TEST_F(AutomaticBackfill, AGapIsToldOfUntilItIsFilled) {
    const auto running = start();
    EXPECT_TRUE(running->is_automatic());
    EXPECT_FALSE(running->gap_since());
    const wall_time since = wall_now() - std::chrono::hours{2};
    running->note_suspension(since);
    EXPECT_EQ(running->gap_since(), since);
    running->note_suspension(since + std::chrono::hours{1});
    EXPECT_EQ(running->gap_since(), since) << "the first of several";
    running->note_suspension(std::nullopt);
    EXPECT_TRUE(sandbox::becomes_true([&] { return !running->gap_since(); }));
    ASSERT_TRUE(running->progress());
    EXPECT_TRUE(running->progress()->finished_at);
    stop(*running);
}

/// Then it is for somebody to fetch, who has to know of it.
TEST_F(AutomaticBackfill, WhereNothingIsFetchedByItselfAGapIsToldOfUntilAllOfItWasAskedFor) {
    const auto running = start(false);
    const wall_time since = wall_now() - std::chrono::minutes{5};
    running->note_suspension(since);
    running->note_suspension(std::nullopt);
    const auto has_run = [&](const backfill_wish& wish) {
        EXPECT_EQ(running->ask(wish), "");
        return sandbox::becomes_true([&] {
            const auto now = running->progress();
            return now && now->finished_at && now->wish.asked_at == wish.asked_at;
        });
    };
    EXPECT_TRUE(has_run({.since = since, .is_dry_run = true}));
    EXPECT_EQ(running->gap_since(), since) << "nothing was fetched";
    EXPECT_TRUE(has_run({.since = since + std::chrono::seconds{1}}));
    EXPECT_EQ(running->gap_since(), since) << "not all of it";
    EXPECT_TRUE(has_run({.since = since}));
    EXPECT_FALSE(running->gap_since());
    stop(*running);
}

TEST_F(AutomaticBackfill, AGapIsToldOfWhileOutreachCannotBeAsked) {
    const wall_time before = wall_now() - std::chrono::minutes{5};
    covered().mark(before);
    outreach_.subject.inject(
        {.path = "/api/v2/prospects", .times = 1'000, .kind = sandbox::fault_kind::answer, .status = 403});
    const auto running = start();
    ASSERT_TRUE(sandbox::becomes_true([&] {
        const auto now = running->progress();
        return now && now->finished_at;
    }));
    ASSERT_TRUE(running->gap_since());
    EXPECT_EQ(to_rfc3339(*running->gap_since()), to_rfc3339(before));
    stop(*running);
}

/// Of two the earlier one counts, though the later was the last to end.
TEST_F(AutomaticBackfill, OfTwoSuspensionsTheFirstIsWhereTheGapBegins) {
    const auto running = start();
    const wall_time first = wall_now() - std::chrono::hours{2};
    running->note_suspension(first);
    running->note_suspension(std::nullopt);
    running->note_suspension(first + std::chrono::hours{1});
    running->note_suspension(std::nullopt);
    const auto begins = [&] {
        const auto now = running->progress();
        return now ? std::optional{now->wish.since} : std::nullopt;
    };
    ASSERT_TRUE(sandbox::becomes_true([&] { return begins().has_value(); }));
    EXPECT_LE(*begins(), first);
    stop(*running);
}

/// A scope that is missing is given by and by.
TEST_F(AutomaticBackfill, AGapStaysWhileOutreachRefusesToTell) {
    covered().mark(wall_now());
    add_prospect("Ada");
    outreach_.subject.inject(
        {.path = "/api/v2/prospects", .times = 3, .kind = sandbox::fault_kind::answer, .status = 403});
    const auto running = start();
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 1; }));
    EXPECT_EQ(outreach_.subject.faults_left(), 0U);
    stop(*running);
}

/// A machine that stood still, or a disk that took no mark: here each mark is older than it may be.
TEST_F(AutomaticBackfill, AMarkThatIsTooOldIsWhereAGapBegins) {
    backfill_times times = quick();
    times.beat = std::chrono::milliseconds{300};
    times.stale = std::chrono::milliseconds{100};
    const auto running = start(true, times);
    add_prospect("Ada");
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 1; }));
    stop(*running);
}

/// What the store has forgotten may have come: nobody asked for it once more.
TEST_F(AutomaticBackfill, GoesNoFurtherBackThanTheStoreRemembers) {
    covered().mark(wall_now() - std::chrono::hours{24 * 30});
    const auto running = start();
    ASSERT_TRUE(sandbox::becomes_true([&] { return running->progress().has_value(); }));
    EXPECT_GT(running->progress()->wish.since, wall_now() - target().kept_for - std::chrono::minutes{1});
    stop(*running);
}

TEST_F(AutomaticBackfill, OneAtATime) {
    const auto running = start(false);
    EXPECT_EQ(running->ask({.since = since_}), "");
    const wall_time began = running->progress()->started_at;
    EXPECT_THAT(running->ask({.since = since_}), HasSubstr("under way"));
    EXPECT_TRUE(sandbox::becomes_true([&] { return running->progress()->finished_at.has_value(); }));
    EXPECT_EQ(running->progress()->started_at, began) << "by which who asked knows it again";
    EXPECT_EQ(running->ask({.since = since_}), "");
    stop(*running);
    EXPECT_THAT(running->ask({.since = since_}), HasSubstr("stopping"));
}

} // namespace
} // namespace outreachd::outreach
