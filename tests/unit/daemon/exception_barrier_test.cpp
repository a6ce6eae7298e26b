#include "daemon/exception_barrier.hpp"
#include "tests/unit/log/captured_stderr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <string>

namespace outreachd {
namespace {

TEST(ExceptionBarrier, GoesOnBehindWhatThrowsAndTellsItOnce) {
    log::captured_stderr captured;
    {
        log::logger log{log::level::info, log::format::text};
        exception_barrier subject(log);
        EXPECT_TRUE(subject.run([] {}));
        for (int i = 0; i < 100; ++i)
            EXPECT_FALSE(subject.run([] { throw std::bad_alloc{}; }));
        EXPECT_FALSE(subject.run([] { throw 1; }));
        EXPECT_TRUE(subject.run([] {}));
    }
    const std::string all = captured.read_all();
    EXPECT_NE(all.find(" error the main thread goes on after an exception"), std::string::npos) << all;
    EXPECT_NE(all.find("cause=std::bad_alloc"), std::string::npos) << all;
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1) << all;
}

} // namespace
} // namespace outreachd
