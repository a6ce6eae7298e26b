/// Waits that servers ask for, in all their spellings.
#include "handlers/retry_after.hpp"

#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Saturday, 21 November 2026, 08:22:55 UTC
const wall_time asked_at = *parse_timestamp("2026-11-21T08:22:55Z");

TEST(RetryAfter, IsANumberOfSeconds) {
    EXPECT_EQ(parse_wait("0", asked_at), seconds{0});
    EXPECT_EQ(parse_wait("120", asked_at), seconds{120});
    EXPECT_EQ(parse_wait(" 7 ", asked_at), seconds{7});
    EXPECT_EQ(parse_wait("1.2", asked_at), seconds{2});
    EXPECT_EQ(parse_wait("999999999", asked_at), hours{10 * 365 * 24});
    EXPECT_EQ(parse_wait("9223372036854775807.5", asked_at), hours{10 * 365 * 24});
    EXPECT_EQ(parse_wait("99999999999999999999", asked_at), hours{10 * 365 * 24});
}

TEST(RetryAfter, IsATimeInSecondsSince1970WhereItIsLarge) {
    const auto epoch = std::chrono::floor<seconds>(asked_at).time_since_epoch().count();
    EXPECT_EQ(parse_wait(std::to_string(epoch + 30), asked_at), seconds{30});
    EXPECT_EQ(parse_wait(std::to_string(epoch - 30), asked_at), seconds{0});
    EXPECT_EQ(parse_wait("999999999999999", asked_at), hours{10 * 365 * 24});
}

TEST(RetryAfter, IsAnHttpDateInAnyOfItsThreeForms) {
    EXPECT_EQ(parse_wait("Sat, 21 Nov 2026 08:23:55 GMT", asked_at), seconds{60});
    EXPECT_EQ(parse_wait("Saturday, 21-Nov-26 08:23:55 GMT", asked_at), seconds{60});
    EXPECT_EQ(parse_wait("Sat Nov 21 08:23:55 2026", asked_at), seconds{60});
    EXPECT_EQ(parse_wait("Sat, 21 Nov 2026 08:00:00 GMT", asked_at), seconds{0});
}

TEST(RetryAfter, IsAnIsoTime) {
    EXPECT_EQ(parse_wait("2026-11-21T08:23:25Z", asked_at), seconds{30});
    EXPECT_EQ(parse_wait("2026-11-21T09:23:25.5+01:00", asked_at), seconds{31});
}

TEST(RetryAfter, IsNothingWhereItIsNonsense) {
    for (const char* text : {"", " ", "-1", "soon", "1 minute", "12x", ".", ".5", "1.", "1.2.3",
                             "Sat, 99 Foo 2026 08:23:55 GMT", "2026-13-01T00:00:00Z"})
        EXPECT_FALSE(parse_wait(text, asked_at)) << text;
}

TEST(RetryAfter, LeavesNothingOfATimeThatHasPassed) {
    for (const char* text : {"0", "Sat, 21 Nov 2026 08:00:00 GMT", "2020-01-01T00:00:00Z", "soon"})
        EXPECT_FALSE(parse_wait_left(text, asked_at)) << text;
    EXPECT_EQ(parse_wait_left("7", asked_at), seconds{7});
}

} // namespace
} // namespace outreachd::handlers
