/// Work that is looked at again and again.
#include "daemon/outreach/poll_pace.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace outreachd::outreach {
namespace {

using namespace handlers::outreach;
using std::chrono::milliseconds;

api_answer answer_of(int status) {
    api_answer said{.what = api_answer::kind::answered, .status = status};
    if (status >= 300)
        said.problem = "answered " + std::to_string(status);
    return said;
}

/// Gives one answer after the other, and counts the pauses.
struct followed {
    explicit followed(std::vector<api_answer> all) : answers(std::move(all)) {}

    api_answer run() {
        return follow(
            get("/batches/1"), [&](const api_request&) { return answers.at(sent++); },
            [&](milliseconds) { return ++pauses < pauses_max; },
            [&](const api_answer&) { return sent == answers.size(); });
    }

    std::vector<api_answer> answers;
    std::size_t sent = 0;
    int pauses = 0;
    int pauses_max = 100;
};

TEST(PollPace, GrowsToItsBound) {
    poll_pace pace;
    milliseconds last = pace.next();
    EXPECT_EQ(last, poll_pace::first);
    for (int count = 0; count < 20; ++count) {
        const milliseconds next = pace.next();
        EXPECT_GE(next, last);
        EXPECT_LE(next, poll_pace::max);
        last = next;
    }
    EXPECT_EQ(last, poll_pace::max);
}

TEST(Follow, EndsWhereItIsOver) {
    followed work{{answer_of(200), answer_of(200), answer_of(200)}};
    EXPECT_TRUE(work.run().is_success());
    EXPECT_EQ(work.pauses, 2);
}

TEST(Follow, LooksOverFiveFailuresThatPass) {
    const api_answer unreachable{.what = api_answer::kind::unreachable, .problem = "no answer"};
    followed work{{answer_of(500), unreachable, answer_of(503), answer_of(502), answer_of(500),
                   answer_of(200), answer_of(500), answer_of(200)}};
    EXPECT_TRUE(work.run().is_success());
    EXPECT_EQ(work.sent, 8U);
}

TEST(Follow, EndsWithTheSixthFailureAndWithOneThatStays) {
    followed failing{std::vector<api_answer>(10, answer_of(500))};
    EXPECT_EQ(failing.run().status, 500);
    EXPECT_EQ(failing.sent, 6U);
    followed missing{std::vector<api_answer>(10, answer_of(404))};
    EXPECT_EQ(missing.run().status, 404);
    EXPECT_EQ(missing.sent, 1U);
}

TEST(Follow, EndsWhereNobodyWaitsAnyMore) {
    followed work{std::vector<api_answer>(10, answer_of(200))};
    work.pauses_max = 1;
    work.run();
    EXPECT_EQ(work.sent, 1U);
}

} // namespace
} // namespace outreachd::outreach
