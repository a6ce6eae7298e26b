/// What the quarantine tells, as lines of a log at a real stderr.
#include "daemon/quarantine_watcher.hpp"
#include "tests/unit/log/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace outreachd {
namespace {

/// The lines that are logged of what `happens` tells.
std::string logged(const std::function<void(quarantine_watcher&)>& happens) {
    log::captured_stderr captured;
    {
        log::logger log{log::level::info, log::format::text};
        quarantine_watcher subject(log);
        happens(subject);
    }
    return captured.read_all();
}

TEST(QuarantineWatcher, AFailureIsLoggedOnceWithItsCause) {
    const std::string all = logged([](quarantine_watcher& subject) {
        for (int i = 0; i < 100; ++i)
            subject.failed("disk full");
    });
    EXPECT_NE(all.find(" error the quarantine's file can't be used"), std::string::npos) << all;
    EXPECT_NE(all.find("cause=\"disk full\""), std::string::npos) << all;
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1) << all;
}

TEST(QuarantineWatcher, TheEndIsLoggedOnce) {
    const std::string all = logged([](quarantine_watcher& subject) {
        subject.worked();
        subject.failed("disk full");
        subject.worked();
        subject.worked();
    });
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 2) << all;
    EXPECT_NE(all.find(" info the quarantine's file can be used again"), std::string::npos) << all;
}

/// Small requests may fit where large ones don't.
TEST(QuarantineWatcher, WhatComesAndGoesDoesNotFillTheLog) {
    const std::string all = logged([](quarantine_watcher& subject) {
        for (int i = 0; i < 100; ++i) {
            subject.failed("disk full");
            subject.worked();
        }
    });
    EXPECT_LE(std::count(all.begin(), all.end(), '\n'), 2) << all;
}

} // namespace
} // namespace outreachd
