#include "daemon/ingress/deadline.hpp"

#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;

constexpr steady_time begin{std::chrono::hours{1}};

TEST(AnswerDeadline, IsFourSecondsAfterTheRequestBegan) {
    EXPECT_EQ(answer_deadline(begin), begin + 4s);
}

TEST(PhaseDeadline, IsThePhasesOwnWhereThatIsSooner) {
    EXPECT_EQ(phase_deadline(begin + 4s, begin + 1s, 500ms), begin + 1500ms);
}

TEST(PhaseDeadline, NeverOutlastsTheRequest) {
    EXPECT_EQ(phase_deadline(begin + 4s, begin + 1s, 5s), begin + 4s);
    EXPECT_EQ(phase_deadline(begin + 4s, begin + 1s, 3s), begin + 4s);
    EXPECT_EQ(phase_deadline(begin + 4s, begin + 1s, 3001ms), begin + 4s);
}

TEST(LazyDeadline, AsksForATimerAtFirst) {
    lazy_deadline deadline;
    EXPECT_TRUE(deadline.set(begin + 60s));
    EXPECT_EQ(deadline.arm(begin), begin + 4s); // Looks again, though nothing is due until 60 s.
}

TEST(LazyDeadline, NeedsNoNewTimerForARequestThatBeginsNow) {
    lazy_deadline deadline;
    deadline.set(begin + 60s);
    deadline.arm(begin);
    EXPECT_FALSE(deadline.set(answer_deadline(begin)));
    EXPECT_FALSE(deadline.set(answer_deadline(begin + 3s)));
}

TEST(LazyDeadline, NeedsANewTimerForWhatIsSooner) {
    lazy_deadline deadline;
    deadline.set(begin + 4s);
    deadline.arm(begin);
    EXPECT_TRUE(deadline.set(begin + 3999ms));
    EXPECT_EQ(deadline.arm(begin), begin + 3999ms);
}

TEST(LazyDeadline, PassesAtItsTimeAndNotBefore) {
    lazy_deadline deadline;
    deadline.set(begin + 4s);
    EXPECT_FALSE(deadline.has_passed(begin + 4s - 1ns));
    EXPECT_TRUE(deadline.has_passed(begin + 4s));
}

} // namespace
} // namespace outreachd::ingress
