#include "daemon/ingress/deadline.hpp"

#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;

constexpr steady_time arrival{std::chrono::hours{1}};

TEST(AnswerDeadline, IsFourSecondsAfterTheRequestBegan) {
    EXPECT_EQ(answer_deadline(arrival), arrival + 4s);
}

TEST(PhaseDeadline, IsThePhasesOwnWhereThatIsSooner) {
    EXPECT_EQ(phase_deadline(arrival + 4s, arrival + 1s, 500ms), arrival + 1500ms);
}

TEST(PhaseDeadline, NeverOutlastsTheRequest) {
    EXPECT_EQ(phase_deadline(arrival + 4s, arrival + 1s, 5s), arrival + 4s);
    EXPECT_EQ(phase_deadline(arrival + 4s, arrival + 1s, 3s), arrival + 4s);
    EXPECT_EQ(phase_deadline(arrival + 4s, arrival + 1s, 3001ms), arrival + 4s);
}

TEST(LazyDeadline, AsksForATimerAtFirst) {
    lazy_deadline deadline;
    EXPECT_TRUE(deadline.set(arrival + 60s));
    EXPECT_EQ(deadline.arm(arrival), arrival + 4s); // Looks again, though nothing is due until 60 s.
}

TEST(LazyDeadline, NeedsNoNewTimerForARequestThatBeginsNow) {
    lazy_deadline deadline;
    deadline.set(arrival + 60s);
    deadline.arm(arrival);
    EXPECT_FALSE(deadline.set(answer_deadline(arrival)));
    EXPECT_FALSE(deadline.set(answer_deadline(arrival + 3s)));
}

TEST(LazyDeadline, NeedsANewTimerForWhatIsSooner) {
    lazy_deadline deadline;
    deadline.set(arrival + 4s);
    deadline.arm(arrival);
    EXPECT_TRUE(deadline.set(arrival + 3999ms));
    EXPECT_EQ(deadline.arm(arrival), arrival + 3999ms);
}

TEST(LazyDeadline, PassesAtItsTimeAndNotBefore) {
    lazy_deadline deadline;
    deadline.set(arrival + 4s);
    EXPECT_FALSE(deadline.has_passed(arrival + 4s - 1ns));
    EXPECT_TRUE(deadline.has_passed(arrival + 4s));
}

} // namespace
} // namespace outreachd::ingress
