#include "daemon/ingress/log_throttle.hpp"

#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;

constexpr steady_time first_moment{std::chrono::hours{1}};

TEST(LogThrottle, LetsTheFirstThroughAtOnce) {
    log_throttle throttle(1s);
    EXPECT_EQ(throttle.count(first_moment), 1U);
}

TEST(LogThrottle, CountsWhatItHoldsBack) {
    log_throttle throttle(1s);
    throttle.count(first_moment);
    EXPECT_EQ(throttle.count(first_moment), std::nullopt);
    EXPECT_EQ(throttle.count(first_moment + 999ms), std::nullopt);
    EXPECT_EQ(throttle.count(first_moment + 1s), 3U);
    EXPECT_EQ(throttle.count(first_moment + 1s), std::nullopt);
}

} // namespace
} // namespace outreachd::ingress
