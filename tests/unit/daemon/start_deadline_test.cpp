/// A start that hangs ends, and one that doesn't isn't disturbed.
#include "daemon/start_deadline.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

namespace outreachd {
namespace {

using namespace std::chrono_literals;

void start_for(std::chrono::milliseconds length, std::chrono::milliseconds limit) {
    const start_deadline in_time(limit);
    std::this_thread::sleep_for(length);
}

class StartDeadline : public testing::Test {
protected:
    StartDeadline() {
        testing::GTEST_FLAG(death_test_style) = "threadsafe";
        ::unsetenv("NOTIFY_SOCKET");
    }

    ~StartDeadline() override { ::unsetenv("NOTIFY_SOCKET"); }

    static void under_systemd() { ::setenv("NOTIFY_SOCKET", "/nonexistent", 1); }
};

TEST_F(StartDeadline, EndsAStartThatHangs) {
    under_systemd();
    EXPECT_EXIT(start_for(1h, 100ms), testing::ExitedWithCode(1),
                "the start isn't done after 0 s and is given up");
}

TEST_F(StartDeadline, LeavesOthersAlone) {
    under_systemd();
    start_for(0ms, 200ms);
    std::this_thread::sleep_for(400ms);
}

TEST_F(StartDeadline, IsForNobodyWithoutSystemd) {
    start_for(300ms, 100ms);
}

} // namespace
} // namespace outreachd
