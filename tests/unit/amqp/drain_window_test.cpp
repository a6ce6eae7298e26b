/// A backlog gives way to what comes in, and never so far that it grows.
#include "daemon/amqp/drain_window.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using namespace std::chrono_literals;

/// A relay that publishes so many events a second for each of its window, while others come in.
class DrainWindow : public testing::Test {
protected:
    void pass(int intervals, std::uint64_t came_each, std::uint64_t left_for_one) {
        for (int i = 0; i < intervals; ++i) {
            now_ += 250ms;
            received_ += came_each;
            published_ += left_for_one * window_.size();
            window_.look(now_, received_, published_);
        }
    }

    steady_time now_{};
    std::uint64_t received_ = 0;
    std::uint64_t published_ = 0;
    drain_window window_{128};
};

TEST_F(DrainWindow, IsWholeWhereNothingComesIn) {
    pass(20, 0, 100);
    EXPECT_EQ(window_.size(), 128U);
}

TEST_F(DrainWindow, BeginsSmall) {
    EXPECT_EQ(window_.size(), 4U);
    pass(20, 125, 100);
    EXPECT_EQ(window_.size(), 8U) << "800 in 250 ms, 6 times what comes";
}

TEST_F(DrainWindow, ShrinksWhileEventsComeInAndIsWholeBehindThem) {
    pass(2, 0, 100);
    pass(1, 125, 100); // 500 a second, and a hundred times as many
    EXPECT_EQ(window_.size(), 64U);
    pass(20, 125, 100);
    EXPECT_EQ(window_.size(), 8U) << "800 in 250 ms, 6 times what comes";
    pass(1, 0, 100);
    EXPECT_EQ(window_.size(), 128U);
}

TEST_F(DrainWindow, StaysAboveAThirtySecondHoweverLittleComesIn) {
    pass(50, 1, 1000);
    EXPECT_EQ(window_.size(), 4U);
}

TEST_F(DrainWindow, LetsABacklogLeaveHoweverLittleComesIn) {
    pass(20, 1, 50);
    EXPECT_EQ(window_.size(), 8U) << "400 in 250 ms";
    pass(20, 1, 5); // 20 ms to a confirm
    EXPECT_EQ(window_.size(), 64U) << "320 in 250 ms";
}

TEST_F(DrainWindow, GrowsWhereTheBacklogWouldElseNotLeave) {
    pass(20, 125, 100);
    ASSERT_EQ(window_.size(), 8U);
    pass(20, 125, 10); // the line has become long
    EXPECT_EQ(window_.size(), 64U) << "640 in 250 ms, 5 times what comes";
    pass(20, 2000, 10);
    EXPECT_EQ(window_.size(), 128U) << "many come in";
}

TEST_F(DrainWindow, LooksFourTimesASecond) {
    window_.look(now_, 0, 0);
    window_.look(now_ + 249ms, 0, 1000);
    EXPECT_EQ(window_.size(), 4U);
    window_.look(now_ + 250ms, 0, 1000);
    EXPECT_EQ(window_.size(), 128U);
}

} // namespace
} // namespace outreachd::amqp
