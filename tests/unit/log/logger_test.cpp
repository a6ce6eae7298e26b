/// The logger at a real stderr: nothing lost while it is read, nobody stopped while it isn't.
#include "daemon/log/logger.hpp"
#include "tests/unit/log/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace outreachd::log {
namespace {

TEST(Logger, DestructorWritesWhatWaits) {
    captured_stderr captured;
    {
        logger log{level::info, format::json};
        for (int i = 0; i < 200; ++i)
            log.info("counted", {{"number", i}});
        log.debug("not shown");
    }
    const std::string all = captured.read_all();
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 200);
    EXPECT_NE(all.find("\"number\":0}\n"), std::string::npos);
    EXPECT_TRUE(all.ends_with("\"number\":199}\n"));
}

TEST(Logger, LevelChangesAtOnce) {
    captured_stderr captured;
    {
        logger log{level::warn, format::text};
        EXPECT_FALSE(log.is_enabled(level::info));
        log.info("hidden");
        log.set_level(level::debug);
        EXPECT_TRUE(log.is_enabled(level::debug));
        log.debug("shown");
        log.set_level(level::error);
        log.warn("hidden");
        log.error("also shown");
    }
    const std::string all = captured.read_all();
    EXPECT_EQ(all.find("hidden"), std::string::npos);
    EXPECT_NE(all.find(" debug shown\n"), std::string::npos);
    EXPECT_NE(all.find(" error also shown\n"), std::string::npos);
}

TEST(Logger, LinesOfManyThreadsStayWhole) {
    captured_stderr captured;
    const std::string padding(200, 'x');
    {
        logger log{level::info, format::text};
        std::vector<std::thread> writers;
        // Together they stay under the 64 KiB that the pipe holds.
        for (int writer = 0; writer < 4; ++writer)
            writers.emplace_back([&log, &padding] {
                for (int i = 0; i < 50; ++i)
                    log.info("line", {{"padding", padding}});
            });
        for (auto& each : writers)
            each.join();
    }
    std::istringstream lines{captured.read_all()};
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_TRUE(line.ends_with(" info line padding=" + padding)) << line;
    EXPECT_EQ(count, 200);
}

/// As for a process that is left by _Exit, where threads hang that may log yet.
TEST(Logger, FinishWritesWhatWaitsAndWhatComesLaterDoesNoHarm) {
    captured_stderr captured;
    logger log{level::info, format::text};
    for (int i = 0; i < 200; ++i)
        log.info("counted", {{"number", i}});
    log.finish();
    captured.restore();
    std::string all;
    while (all.find("number=199\n") == std::string::npos) {
        const std::string more = captured.read_some();
        ASSERT_FALSE(more.empty()) << all.size();
        all += more;
    }
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 200);
    log.info("later");
    log.finish();
}

TEST(Logger, FinishWaitsForNoReaderForLong) {
    captured_stderr captured;
    logger log{level::info, format::text};
    for (int i = 0; i < 2'000; ++i)
        log.info("nobody reads", {{"padding", std::string(100, 'x')}});
    const auto begun = std::chrono::steady_clock::now();
    log.finish();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
}

TEST(Logger, ReaderThatStopsStopsNobody) {
    captured_stderr captured;
    const auto begun = std::chrono::steady_clock::now();
    {
        logger log{level::info, format::text};
        // A pipe holds 64 KiB, the queue 8,192 lines: this is far more than both.
        for (int i = 0; i < 20'000; ++i)
            log.info("nobody reads", {{"padding", std::string(100, 'x')}, {"number", i}});
        EXPECT_GT(log.dropped(), 10'000U);
        EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
    }
    // Nor does it hold up the end for long.
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{20});
    const std::string all = captured.read_all();
    EXPECT_NE(all.find("number=0\n"), std::string::npos);
    EXPECT_EQ(all.find("number=19999\n"), std::string::npos);
}

TEST(Logger, ReaderThatIsGoneIsCounted) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    captured_stderr captured;
    captured.close_reader();
    {
        logger log{level::info, format::text};
        log.info("to nobody");
        // The writer's thread meets the closed pipe when it gets there.
        const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{30};
        while (log.dropped() == 0 && std::chrono::steady_clock::now() < give_up_at)
            std::this_thread::yield();
        EXPECT_EQ(log.dropped(), 1U);
    }
    std::signal(SIGPIPE, before);
}

} // namespace
} // namespace outreachd::log
