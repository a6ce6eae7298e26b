/// What the daemon fetches by itself: a gap begins where the last mark stands, and is one until it is filled.
#include "tests/unit/outreach/backfill_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace outreachd::outreach {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class AutomaticBackfill : public Backfill {
protected:
    std::shared_ptr<backfill> start(bool is_automatic = true, backfill_times times = quick(),
                                    std::vector<std::string> resources = {"prospect"}) {
        return start(is_automatic, times, std::move(resources), events_);
    }

    std::shared_ptr<backfill> start(bool is_automatic, backfill_times times,
                                    std::vector<std::string> resources, store::store& events) {
        auto made =
            std::make_shared<backfill>(backfill_sources{shared_, {}, events}, target(),
                                       settings::backfill{.is_automatic = is_automatic, .resources = {}},
                                       std::move(resources), directory_.path(), outreach_.log, times);
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

    /// As often as that: the answer to each request for a list.
    void refuse(const std::string& plural, std::uint64_t times, const std::string& body = {}) {
        outreach_.subject.inject({.path = "/api/v2/" + plural,
                                  .times = times,
                                  .kind = sandbox::fault_kind::answer,
                                  .status = 403,
                                  .body = body});
    }

    /// The next list, for two seconds.
    void hold_back() {
        outreach_.subject.inject({.path = "/api/v2/prospects",
                                  .kind = sandbox::fault_kind::answer,
                                  .status = 429,
                                  .headers = {{"Retry-After", "2"}}});
    }

    std::ptrdiff_t lists_of(const std::string& plural) const {
        const auto seen = outreach_.subject.requests();
        return std::ranges::count_if(seen, [&](const sandbox::seen_request& one) {
            return one.method == "GET" && one.target.starts_with("/api/v2/" + plural + "?");
        });
    }
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

/// By a reload: what it knew may be long out of date when its request ends.
TEST_F(AutomaticBackfill, OneInAnothersPlaceIsTheOnlyOneThatMarks) {
    const auto before = start();
    outreach_.subject.inject({.path = "/api/v2/prospects", .delay = std::chrono::seconds{1}});
    ASSERT_EQ(before->ask({.since = wall_now() - std::chrono::hours{1}}), "");
    ASSERT_TRUE(sandbox::becomes_true([&] { return outreach_.subject.faults_left() == 0; }));
    ASSERT_FALSE(before->finish_stop(std::chrono::steady_clock::now()));
    before->supersede();
    const wall_time held = wall_now() - std::chrono::hours{1};
    covered().mark(held, true);
    stop(*before);
    EXPECT_EQ(to_rfc3339(covered().last().time.value()), to_rfc3339(held));
    EXPECT_TRUE(covered().last().is_held);
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

/// Nor does a restart fill it, or a reload, which is one for the backfill.
TEST_F(AutomaticBackfill, WhereNothingIsFetchedByItselfAGapIsToldOfOverRestarts) {
    std::shared_ptr<backfill> running = start(false);
    const auto restart = [&] {
        stop(*running);
        running = start(false);
    };
    const auto marks_now = [&] {
        return sandbox::becomes_true([&, before = wall_now()] { return covered().last().time > before; });
    };
    EXPECT_TRUE(marks_now());
    restart();
    EXPECT_TRUE(marks_now());
    EXPECT_FALSE(running->gap_since()) << "that nobody listened for a while isn't told of";

    // As the mark has it: of milliseconds.
    const wall_time since = *parse_timestamp(to_rfc3339(wall_now() - std::chrono::minutes{5}));
    running->note_suspension(since);
    running->note_suspension(std::nullopt);
    for (int restarts = 0; restarts < 2; ++restarts) {
        restart();
        EXPECT_TRUE(sandbox::becomes_true([&] { return running->gap_since() == since; })) << restarts;
    }
    EXPECT_EQ(running->ask({.since = since}), "");
    EXPECT_TRUE(sandbox::becomes_true([&] { return covered().last().time > since; }));
    restart();
    EXPECT_TRUE(marks_now());
    EXPECT_FALSE(running->gap_since());
    stop(*running);
}

TEST_F(AutomaticBackfill, AGapIsToldOfWhileOutreachCannotBeAsked) {
    const wall_time before = wall_now() - std::chrono::minutes{5};
    covered().mark(before);
    refuse("prospects", 1'000);
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

/// What fails for now, here a proxy that lets nobody through, is tried alone and less and less often: what
/// was compared isn't asked for again.
TEST_F(AutomaticBackfill, AResourceThatFailsForNowIsTriedAloneUntilItIsFetched) {
    covered().mark(wall_now());
    outreach_.make("tasks", "task", R"("action":"call")",
                   sandbox::link_to("prospect", "prospect", add_prospect("Ada")));
    refuse("tasks", 4);
    const auto begun = std::chrono::steady_clock::now();
    const auto running = start(true, quick(), {"prospect", "task"});
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 2; }));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, (1 + 2 + 4 + 8) * quick().again);
    EXPECT_EQ(outreach_.subject.faults_left(), 0U);
    EXPECT_TRUE(sandbox::becomes_true([&] { return !running->gap_since(); }));
    stop(*running);
    EXPECT_EQ(lists_of("prospects"), 1);
    EXPECT_EQ(lists_of("tasks"), 5);
    EXPECT_THAT(running->problems(), SizeIs(0));
}

/// No waiting gives a scope: it is said once what is missing and why, and the others' gap is filled.
TEST_F(AutomaticBackfill, AResourceThatOutreachDoesNotShowUsIsNoGapForEver) {
    // As the mark has it: of milliseconds.
    const wall_time before = *parse_timestamp(to_rfc3339(wall_now() - std::chrono::minutes{1}));
    covered().mark(before);
    add_prospect("Ada");
    refuse("tasks", 1'000,
           R"({"errors":[{"id":"unauthorizedOauthScope","title":"Unauthorized","detail":"tasks.read"}]})");
    const auto running = start(true, quick(), {"task", "prospect", "import"});
    EXPECT_TRUE(sandbox::becomes_true([&] { return stored().size() == 1 && !running->gap_since(); }));
    EXPECT_TRUE(sandbox::becomes_true([&] { return covered().last().time > before; })) << "it goes on";
    ASSERT_THAT(running->problems(), SizeIs(1)) << "imports can't be listed, which is no gap";
    const std::string since = to_rfc3339(before - quick().overlap);
    EXPECT_THAT(running->problems()[0],
                testing::AllOf(HasSubstr("what changed of task since " + since + " is not fetched"),
                               HasSubstr("403 unauthorizedOauthScope: Unauthorized: tasks.read"),
                               HasSubstr("outreachd backfill --since " + since + " --resources task")));
    EXPECT_EQ(lists_of("tasks"), 1);

    const auto has_run = [&](const backfill_wish& wish) {
        EXPECT_EQ(running->ask(wish), "");
        return sandbox::becomes_true([&] { return running->progress()->finished_at.has_value(); });
    };
    EXPECT_TRUE(has_run({.since = before - quick().overlap, .resources = {"task"}}));
    EXPECT_THAT(running->problems(), SizeIs(1)) << "still refused";
    outreach_.subject.clear_faults();
    EXPECT_TRUE(has_run({.since = wall_now(), .resources = {"task"}}));
    EXPECT_THAT(running->problems(), SizeIs(1)) << "not all of it";
    EXPECT_TRUE(has_run({.since = before - quick().overlap, .resources = {"task"}}));
    EXPECT_THAT(running->problems(), SizeIs(0));
    stop(*running);
}

/// Else each would be the next one's cause: a run takes as long as an hourly limit may.
TEST_F(AutomaticBackfill, ARunThatTakesLongIsNoGapItself) {
    covered().mark(wall_now() - std::chrono::hours{1});
    hold_back();
    backfill_times times = quick();
    times.stale = std::chrono::milliseconds{1'500};
    const auto running = start(true, times);
    EXPECT_TRUE(sandbox::becomes_true([&] {
        const auto now = running->progress();
        return now && now->finished_at && covered().last().time > now->finished_at;
    }));
    EXPECT_FALSE(running->gap_since());
    stop(*running);
    EXPECT_EQ(lists_of("prospects"), 2) << "one of which was held back";
}

/// What is refused during a run, since the disk is full, belongs to a resource that is compared already.
TEST_F(AutomaticBackfill, WhatIsMissedDuringARunIsAGapOfItsOwn) {
    const wall_time before = wall_now() - std::chrono::hours{1};
    covered().mark(before);
    hold_back();
    backfill_times times = quick();
    times.stale = std::chrono::milliseconds{200};
    const auto running = start(true, times);
    const auto since = [&] {
        const auto now = running->progress();
        return now ? now->wish.since : wall_time{};
    };
    ASSERT_TRUE(sandbox::becomes_true([&] {
        const auto now = running->progress();
        return now && !now->waits_for.empty();
    }));
    EXPECT_LT(since(), before);
    const std::string mark = directory_.path() + "/outreach-heartbeat";
    for (std::error_code ec; !std::filesystem::create_directory(mark, ec);) // so that none can be written
        std::filesystem::remove(mark, ec);
    std::this_thread::sleep_for(2 * times.stale);
    std::filesystem::remove(mark);
    EXPECT_TRUE(sandbox::becomes_true([&] { return since() > before; })) << "and it is filled, too";
    EXPECT_TRUE(sandbox::becomes_true([&] { return !running->gap_since(); }));
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

/// The same where it let events go to make room, long before their time.
TEST_F(AutomaticBackfill, GoesNoFurtherBackThanToWhatWasDroppedToMakeRoom) {
    covered().mark(wall_now() - std::chrono::minutes{5});
    const store::temporary_directory directory;
    auto opened = std::make_unique<store::store>(store::options{.directory = directory.path()}, watcher_);
    EXPECT_FALSE(store::append(*opened, store::task_body(1)).ec);
    const auto at = opened->open_reader()->events_after(0, 1, 1'000'000).value().at(0).sequence;
    store::route(*opened, {{at, {}, 0, {}}});
    opened.reset();
    opened = std::make_unique<store::store>(store::options{.directory = directory.path(),
                                                           .repeat_window = std::chrono::milliseconds{0},
                                                           .retention = {.size_bytes_max = 1}},
                                            watcher_);
    const wall_time dropped{std::chrono::microseconds{at}};
    ASSERT_TRUE(store::eventually([&] { return opened->dropped_up_to() == dropped; }));
    const auto running = start(true, quick(), {"prospect"}, *opened);
    EXPECT_EQ(running->known_from(), dropped);
    ASSERT_TRUE(sandbox::becomes_true([&] { return running->progress().has_value(); }));
    EXPECT_EQ(running->progress()->wish.since, dropped);
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
