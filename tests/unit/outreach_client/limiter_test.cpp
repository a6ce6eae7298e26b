#include "handlers/outreach/limiter.hpp"
#include "tests/unit/outreach_client/outreach_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::HasSubstr;

struct limiter_under_test {
    fake_clock clock;
    limiter::rules rules{};
    std::unique_ptr<limiter> limit = std::make_unique<limiter>(rules, clock.clock());

    static http_answer answer(int status, std::vector<header> headers = {}) {
        http_answer made;
        made.status = status;
        made.headers = std::move(headers);
        return made;
    }

    static http_answer counted(int remaining, const std::string& reset, int limit = 1000) {
        return answer(200, {{"x-ratelimit-limit", std::to_string(limit)},
                            {"x-ratelimit-remaining", std::to_string(remaining)},
                            {"x-ratelimit-reset", reset}});
    }

    /// How long a request would have to wait.
    seconds wait(caller who = caller::worker) {
        const auto entry = limit->enter(who);
        return entry.allowed ? seconds{0} : std::chrono::duration_cast<seconds>(entry.until - clock.now());
    }

    std::string epoch(seconds from_now) {
        return std::to_string(std::chrono::floor<seconds>(clock.now() + from_now).time_since_epoch().count());
    }
};

TEST(Limiter, LetsEverythingGoUntilItKnowsBetter) {
    limiter_under_test test;
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(test.wait(), seconds{0});
    test.limit->learn(limiter_under_test::answer(200));
    test.limit->learn(limiter_under_test::answer(200, {{"x-ratelimit-remaining", "many"}}));
    EXPECT_EQ(test.wait(), seconds{0});
}

TEST(Limiter, KeepsTheReserveForWhoWaitsAtATerminal) {
    limiter_under_test test;
    test.limit->learn(limiter_under_test::counted(101, test.epoch(seconds{1800})));
    EXPECT_EQ(test.wait(), seconds{0});
    test.limit->learn(limiter_under_test::counted(100, test.epoch(seconds{1800})));
    EXPECT_EQ(test.wait(), seconds{1800});
    EXPECT_THAT(test.limit->enter(caller::worker).why, HasSubstr("kept for the command line"));
    EXPECT_EQ(test.wait(caller::operator_command), seconds{0});
    test.limit->learn(limiter_under_test::counted(0, test.epoch(seconds{1800})));
    EXPECT_EQ(test.wait(caller::operator_command), seconds{1800});
    test.clock.advance(seconds{1800});
    EXPECT_EQ(test.wait(), seconds{0});
}

TEST(Limiter, LeavesHalfOfTheLimitToOthersThanABackfill) {
    limiter_under_test test;
    test.limit->learn(limiter_under_test::counted(501, test.epoch(seconds{1800})));
    EXPECT_EQ(test.wait(caller::backfill), seconds{0});
    test.limit->learn(limiter_under_test::counted(500, test.epoch(seconds{1800})));
    EXPECT_EQ(test.wait(caller::backfill), seconds{1800});
    EXPECT_THAT(test.limit->enter(caller::backfill).why, HasSubstr("half of the hourly limit"));
    EXPECT_EQ(test.wait(), seconds{0});
}

TEST(Limiter, CountsWhatIsOnItsWay) {
    limiter_under_test test;
    test.limit->learn(limiter_under_test::counted(103, test.epoch(seconds{60})));
    auto one = test.limit->enter(caller::worker);
    auto two = test.limit->enter(caller::worker);
    auto three = test.limit->enter(caller::worker);
    ASSERT_TRUE(one.allowed && two.allowed && three.allowed);
    EXPECT_FALSE(test.limit->enter(caller::worker).allowed);
    three.allowed.reset();
    EXPECT_TRUE(test.limit->enter(caller::worker).allowed);
}

TEST(Limiter, ReadsAResetInEveryForm) {
    struct {
        const char* reset;
        seconds wait;
    } const forms[] = {{"90", seconds{90}},
                       {"EPOCH", seconds{90}},
                       {"2099-01-01T00:00:00Z", minutes{65}},
                       {"Thu, 01 Jan 2099 00:00:00 GMT", minutes{65}},
                       {"soon", seconds{60}},
                       {"", seconds{60}},
                       {"99999999999999999999", minutes{65}}};

    for (const auto& form : forms) {
        limiter_under_test test;
        const std::string reset =
            form.reset == std::string_view{"EPOCH"} ? test.epoch(seconds{90}) : form.reset;
        test.limit->learn(limiter_under_test::counted(0, reset));
        EXPECT_EQ(test.wait(), form.wait) << form.reset;
        limiter_under_test refused;
        refused.limit->learn(limiter_under_test::answer(429, {{"retry-after", reset}}));
        const bool is_nonsense = form.wait == seconds{60};
        EXPECT_EQ(refused.wait(caller::operator_command), is_nonsense ? seconds{60} : form.wait)
            << form.reset;
    }
}

TEST(Limiter, TakesTheLeastOfAnHourWhateverTheOrder) {
    limiter_under_test test;
    test.limit->learn(limiter_under_test::counted(500, test.epoch(seconds{600})));
    test.limit->learn(limiter_under_test::counted(498, test.epoch(seconds{601})));
    test.limit->learn(limiter_under_test::counted(499, test.epoch(seconds{600})));
    EXPECT_EQ(test.limit->facts().remaining, 498U);
    // The next hour, and one of the hour before that was overtaken.
    test.limit->learn(limiter_under_test::counted(999, test.epoch(seconds{4200 - 600})));
    EXPECT_EQ(test.limit->facts().remaining, 999U);
    test.limit->learn(limiter_under_test::counted(3, test.epoch(seconds{600})));
    EXPECT_EQ(test.limit->facts().remaining, 999U);
    // The limit itself was raised.
    test.limit->learn(limiter_under_test::counted(4000, test.epoch(seconds{600}), 5000));
    EXPECT_EQ(test.limit->facts().remaining, 4000U);
    EXPECT_EQ(test.limit->facts().limit, 5000U);
}

TEST(Limiter, HoldsEverybodyBackAfterA429) {
    limiter_under_test test;
    test.limit->learn(limiter_under_test::answer(429, {{"x-ratelimit-reset", "30"}}));
    EXPECT_EQ(test.wait(caller::operator_command), seconds{30});
    test.limit->learn(limiter_under_test::answer(200));
    EXPECT_EQ(test.wait(), seconds{30}) << "one that was sent before";
    test.clock.advance(seconds{30});
    EXPECT_EQ(test.wait(), seconds{0});
}

TEST(Limiter, BacksOffByItselfWhereThe429SaysNothing) {
    for (const char* reset : {"", "nonsense", "0"}) {
        limiter_under_test test;
        seconds last{0};
        for (int i = 0; i < 15; ++i) {
            test.limit->learn(limiter_under_test::answer(429, {{"retry-after", reset}}));
            const seconds wait = test.wait();
            EXPECT_GE(wait, std::max(last, seconds{1}));
            EXPECT_LE(wait, minutes{15});
            last = wait;
            test.clock.advance(wait);
        }
        EXPECT_EQ(last, minutes{15});
        test.limit->learn(limiter_under_test::answer(200));
        test.limit->learn(limiter_under_test::answer(429, {{"retry-after", reset}}));
        EXPECT_LE(test.wait(), seconds{60}) << "one that was answered ends it";
    }
}

TEST(Limiter, CountsManyRefusalsAtOnceForOne) {
    limiter_under_test test;
    for (int i = 0; i < 16; ++i)
        test.limit->learn(limiter_under_test::answer(429));
    EXPECT_LE(test.wait(), seconds{120});
}

TEST(Limiter, KnowsAfterARestart) {
    const scratch_directory directory;
    limiter_under_test test;
    test.rules = {.file = directory / "outreach-limit.json", .account = "mine"};
    const auto restart = [&] {
        test.limit.reset(); // first the one that writes
        test.limit = std::make_unique<limiter>(test.rules, test.clock.clock());
    };
    restart();
    test.limit->learn(limiter_under_test::counted(5, test.epoch(seconds{600})));
    restart();
    EXPECT_EQ(test.wait(), seconds{600});
    EXPECT_EQ(test.limit->facts().limit, 1000U);
    test.limit->hold(seconds{700}, "why");
    restart();
    EXPECT_EQ(test.wait(caller::operator_command), seconds{700});

    test.rules.account = "another";
    restart();
    EXPECT_EQ(test.wait(), seconds{0});
    test.limit.reset();
    for (const char* text : {"", "{", "[]", R"({"account":"another","remaining":-1,"held_until":7})"}) {
        std::ofstream(test.rules.file) << text;
        test.limit = std::make_unique<limiter>(test.rules, test.clock.clock());
        EXPECT_EQ(test.wait(), seconds{0}) << text;
        test.limit.reset();
    }
    std::ofstream(test.rules.file) << R"({"account":"another","held_until":"2999-01-01T00:00:00Z"})";
    test.limit = std::make_unique<limiter>(test.rules, test.clock.clock());
    EXPECT_EQ(test.wait(), minutes{65}) << "from a clock that was put back";
}

/// NTP may put back a clock that was hours ahead.
TEST(Limiter, WaitsAnHourAtMostWhereTheClockIsPutBack) {
    for (const http_answer& answer :
         {limiter_under_test::answer(429, {{"retry-after", "600"}}), limiter_under_test::counted(0, "600")}) {
        limiter_under_test test;
        test.limit->learn(answer);
        EXPECT_EQ(test.wait(caller::operator_command), seconds{600});
        test.clock.advance(-std::chrono::hours{6});
        EXPECT_EQ(test.wait(caller::operator_command), limiter::wait_max);
        test.clock.advance(limiter::wait_max);
        EXPECT_EQ(test.wait(caller::operator_command), seconds{0});
    }
}

TEST(Limiter, BelievesWhatAnswersSayAfterTheClockWasPutBack) {
    for (const bool is_asked_between : {false, true}) {
        limiter_under_test test;
        test.limit->learn(limiter_under_test::counted(900, "600"));
        test.clock.advance(-std::chrono::hours{6});
        if (is_asked_between) {
            EXPECT_EQ(test.wait(), seconds{0});
        }
        test.limit->learn(limiter_under_test::counted(50, "600"));
        EXPECT_EQ(test.wait(), seconds{600}) << is_asked_between;
        test.limit->learn(limiter_under_test::counted(40, "600"));
        test.limit->learn(limiter_under_test::counted(45, "600"));
        EXPECT_EQ(test.limit->facts().remaining, 40U) << "and goes on as ever";
    }
}

TEST(Limiter, WritesOnceASecondAtMost) {
    const scratch_directory directory;
    limiter_under_test test;
    test.rules = {.file = directory / "outreach-limit.json", .account = "mine"};
    test.limit = std::make_unique<limiter>(test.rules, test.clock.clock());
    int writes = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) {
        test.limit->learn(limiter_under_test::counted(5000 - i, test.epoch(seconds{600}), 10'000));
        writes += std::filesystem::remove(test.rules.file) ? 1 : 0;
    }
    EXPECT_LE(writes, 1 + (std::chrono::steady_clock::now() - begin) / seconds{1});
    EXPECT_GE(writes, 1);
}

TEST(Limiter, ServesManyThreads) {
    limiter_under_test test;
    const std::string reset = test.epoch(seconds{600});
    std::atomic<int> left = 2000;
    std::atomic<int> sent = 0;
    test.limit->learn(limiter_under_test::counted(left, reset, 10'000));
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 16; ++i)
            threads.emplace_back([&] {
                while (true) {
                    const auto entry = test.limit->enter(caller::worker);
                    if (!entry.allowed)
                        return;
                    ++sent;
                    test.limit->learn(limiter_under_test::counted(--left, reset, 10'000));
                }
            });
    }
    EXPECT_LE(sent, 1000) << "the reserve is untouched";
    EXPECT_GE(sent, 1000 - 16) << "and everything else was used";
}

} // namespace
} // namespace outreachd::handlers::outreach
