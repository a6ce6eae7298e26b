/// The pauses between attempts, as a table.
#include "daemon/dispatch/retry_schedule.hpp"

#include <gtest/gtest.h>

namespace outreachd::dispatch {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

TEST(RetrySchedule, GrowsToItsMaximumAndEnds) {
    const settings::retry defaults;
    const settings::retry steady{.attempts_max = 4, .initial = 10s, .factor = 1, .max = 1min, .jitter = 0};
    const settings::retry once{.attempts_max = 1};
    const settings::retry endless{.attempts_max = 4'000'000'000, .initial = 1s, .factor = 10};

    struct {
        const char* label;
        settings::retry configured;
        std::uint32_t attempts;
        std::optional<milliseconds> asked;
        double random;
        std::optional<milliseconds> pause;
    } const cases[] = {
        {"after the first", defaults, 1, {}, 0.5, 1s},
        {"after the second", defaults, 2, {}, 0.5, 2s},
        {"after the tenth", defaults, 10, {}, 0.5, 512s},
        {"cut at the maximum", defaults, 11, {}, 0.5, 15min},
        {"the twelfth was the last", defaults, 12, {}, 0.5, {}},
        {"beyond the last", defaults, 13, {}, 0.5, {}},
        {"least jitter", defaults, 1, {}, 0.0, 800ms},
        {"most jitter", defaults, 1, {}, 0.999999, 1200ms},
        {"jitter at the maximum", defaults, 11, {}, 0.0, 12min},
        {"without growth", steady, 3, {}, 0.9, 10s},
        {"one attempt only", once, 1, {}, 0.5, {}},
        {"an exponent without bound", endless, 3'999'999'999, {}, 0.5, 15min},
        {"Retry-After longer than ours", defaults, 1, 30s, 0.5, 30s},
        {"Retry-After shorter than ours", defaults, 6, 1s, 0.5, 32s},
        {"Retry-After over the maximum", defaults, 1, 24h, 0.5, 15min},
        {"Retry-After of zero", defaults, 1, 0s, 0.5, 1s},
        {"Retry-After gives no further attempt", defaults, 12, 1s, 0.5, {}},
    };

    for (const auto& one : cases)
        EXPECT_EQ(retry_schedule(one.configured).pause_after(one.attempts, one.asked, one.random), one.pause)
            << one.label;
}

milliseconds sum_of_pauses(const settings::retry& configured, double random) {
    milliseconds sum{0};
    std::uint32_t attempts = 1;
    while (const auto pause = retry_schedule(configured).pause_after(attempts++, {}, random))
        sum += *pause;
    return sum;
}

/// What config/reference.md, README.md and the alerts say of it.
TEST(RetrySchedule, GoesOnForAsLongAsIsWrittenDown) {
    const settings::retry defaults;
    EXPECT_EQ(sum_of_pauses(defaults, 0.5), 32min + 3s);
    EXPECT_EQ(sum_of_pauses(defaults, 0), 25min + 38s + 400ms);
    EXPECT_NEAR(std::chrono::duration<double>(sum_of_pauses(defaults, 0.999999)).count(), 38 * 60 + 27.6,
                0.1);
    EXPECT_EQ(sum_of_pauses({.attempts_max = 106}, 0.5), 24h + 2min + 3s);
    EXPECT_EQ(sum_of_pauses({.attempts_max = 36, .max = 1h}, 0.5), 24h + 8min + 15s);
}

} // namespace
} // namespace outreachd::dispatch
