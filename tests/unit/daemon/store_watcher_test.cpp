/// What the store tells, as lines of a log at a real stderr.
#include "daemon/store_watcher.hpp"
#include "tests/unit/log/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace outreachd {
namespace {

/// The lines that are logged of what `happens` tells.
std::string logged(const std::function<void(store_watcher&)>& happens) {
    log::captured_stderr captured;
    {
        log::logger log{log::level::info, log::format::text};
        store_watcher subject(log);
        happens(subject);
    }
    return captured.read_all();
}

TEST(StoreWatcher, AFailedReadIsLoggedWithItsCause) {
    const std::string all = logged([](store_watcher& subject) { subject.read_failed("no descriptor left"); });
    EXPECT_NE(all.find(" error the store can't be read"), std::string::npos) << all;
    EXPECT_NE(all.find("cause=\"no descriptor left\""), std::string::npos) << all;
}

/// Every worker may meet it, and tries again each second.
TEST(StoreWatcher, FailedReadsOfManyThreadsAreOneLine) {
    const std::string all = logged([](store_watcher& subject) {
        std::vector<std::thread> readers;
        for (int reader = 0; reader < 4; ++reader)
            readers.emplace_back([&subject] {
                for (int i = 0; i < 100; ++i)
                    subject.read_failed("no descriptor left");
            });
        for (std::thread& one : readers)
            one.join();
    });
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1) << all;
}

/// Readers fail where the writer does not, and the other way round.
TEST(StoreWatcher, FailedReadsAndFailedWritesAreToldApart) {
    const std::string all = logged([](store_watcher& subject) {
        subject.read_failed("unreadable");
        subject.write_failed("full");
        subject.written(std::chrono::milliseconds{5});
    });
    EXPECT_NE(all.find("the store can't be read"), std::string::npos) << all;
    EXPECT_NE(all.find("the store can't write"), std::string::npos) << all;
    EXPECT_NE(all.find("the store writes again"), std::string::npos) << all;
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3) << all;
}

TEST(StoreWatcher, TellsByHowMuchTheClockWasSetForward) {
    const std::string all =
        logged([](store_watcher& subject) { subject.clock_jumped(std::chrono::hours{24}); });
    EXPECT_NE(all.find(" warn the clock was set far forward"), std::string::npos) << all;
    EXPECT_NE(all.find("forward_s=86400"), std::string::npos) << all;
}

} // namespace
} // namespace outreachd
