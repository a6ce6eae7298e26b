/// One attempt and its verdict.
#include "daemon/dispatch/run_delivery.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace outreachd::dispatch {
namespace {

using namespace std::chrono_literals;

class throwing_handler final : public handlers::handler {
public:
    explicit throwing_handler(bool is_exception) : is_exception_(is_exception) {}

    outcome handle(const handlers::attempt&) override {
        if (is_exception_)
            throw std::runtime_error("no such table");
        throw 7;
    }

private:
    const bool is_exception_;
};

verdict judge_with(outcome said, std::uint32_t attempts_before) {
    const settings::retry twice{.attempts_max = 2, .initial = 10s, .jitter = 0};
    const attempt_times times{wall_time{1s}, 5ms, wall_time{2s}};
    return judge({41, 9, attempts_before, nullptr}, "crm", std::move(said), times, retry_schedule(twice),
                 0.5);
}

TEST(RunAttempt, TurnsWhatIsThrownIntoARetry) {
    throwing_handler with_text(true);
    EXPECT_EQ(run_attempt(with_text, {}).verdict, outcome::kind::retry);
    EXPECT_EQ(run_attempt(with_text, {}).reason, "the handler failed: no such table");
    throwing_handler without_text(false);
    EXPECT_EQ(run_attempt(without_text, {}).verdict, outcome::kind::retry);
}

TEST(Judge, EndsADeliveryThatSucceeded) {
    const auto judged = judge_with(outcome::done(), 0);
    EXPECT_EQ(judged.record.sequence, 41);
    EXPECT_EQ(judged.record.handler, "crm");
    EXPECT_EQ(judged.record.state, store::delivery_state::done);
    EXPECT_EQ(judged.record.attempts, 1U);
    EXPECT_EQ(judged.record.started_at, wall_time{1s});
    EXPECT_EQ(judged.record.took, 5ms);
    EXPECT_FALSE(judged.record.next_attempt_at || judged.pause);
}

TEST(Judge, PlacesTheNextAttemptBehindTheEndOfThisOne) {
    const auto judged = judge_with(outcome::retry("busy"), 0);
    EXPECT_EQ(judged.record.state, store::delivery_state::retry);
    EXPECT_EQ(judged.pause, 10s);
    EXPECT_EQ(judged.record.next_attempt_at, wall_time{12s});
    EXPECT_EQ(judged.record.reason, "busy");
}

TEST(Judge, GivesUpAfterTheLastAttempt) {
    const auto judged = judge_with(outcome::retry("busy"), 1);
    EXPECT_EQ(judged.record.state, store::delivery_state::dead);
    EXPECT_EQ(judged.record.attempts, 2U);
    EXPECT_EQ(judged.record.reason, "busy (given up after 2 attempts)");
    EXPECT_FALSE(judged.record.next_attempt_at || judged.pause);
}

TEST(Judge, BuriesAtOnceWhatCanNotSucceed) {
    const auto judged = judge_with(outcome::dead("no such record"), 0);
    EXPECT_EQ(judged.record.state, store::delivery_state::dead);
    EXPECT_EQ(judged.record.reason, "no such record");
}

TEST(Judge, CountsNoAttemptWhereNothingWasAttempted) {
    struct expected {
        outcome said;
        bool is_given_back;
        std::chrono::milliseconds pause;
    };

    for (const auto& [said, is_given_back, pause] :
         {expected{outcome::wait(3s, "the hourly limit is used up"), false, 3s},
          expected{outcome::give_back("the daemon ended"), true, 0s}}) {
        const auto judged = judge_with(said, 1);
        EXPECT_EQ(judged.record.state, store::delivery_state::retry);
        EXPECT_EQ(judged.record.attempts, 1U);
        EXPECT_TRUE(judged.record.is_wait);
        EXPECT_EQ(judged.record.is_given_back, is_given_back);
        EXPECT_EQ(judged.pause, pause);
        EXPECT_EQ(judged.record.next_attempt_at, wall_time{2s} + pause);
    }
}

TEST(Judge, KeepsTheBeginningOfALongAnswer) {
    for (const std::size_t bytes : {last_answer_bytes_max, last_answer_bytes_max + 1}) {
        auto said = outcome::dead("refused");
        said.last_answer.assign(bytes, 'x');
        EXPECT_EQ(judge_with(std::move(said), 0).record.last_answer.size(), last_answer_bytes_max);
    }
}

} // namespace
} // namespace outreachd::dispatch
