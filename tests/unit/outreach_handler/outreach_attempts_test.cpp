/// What a delivery's next attempt goes on behind.
#include "tests/unit/outreach_handler/handler_at_outreach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

class OutreachAttempts : public handler_at_outreach {};

TEST_F(OutreachAttempts, ARetryGoesOnBehindTheLastStepThatSucceeded) {
    int fails = 1;
    script_ = [&](const recorded_request& request) {
        if (request.line.starts_with("PATCH") && fails-- > 0)
            return answer_of(503, R"({"errors":[{"id":"internal","title":"Later"}]})");
        return answer_of(200, R"({"data":{"id":7}})");
    };
    auto change = step("PATCH", "/tasks/${{ $steps.made.data.id }}");
    change.body = settings::http_body{R"({"data":{}})", true};
    const std::vector<outreach_step> steps{named("made", step("POST", "/tasks")), change};
    const outcome first = handle(steps);
    EXPECT_EQ(first.verdict, verdict::retry);
    EXPECT_THAT(first.reason, HasSubstr("503"));
    EXPECT_EQ(handle(steps).verdict, verdict::done);
    EXPECT_THAT(lines(), ElementsAre("POST /api/v2/tasks", "PATCH /api/v2/tasks/7", "PATCH /api/v2/tasks/7"));
}

TEST_F(OutreachAttempts, AListIsGoneThroughOnceWhateverHappensBetween) {
    int requests = 0;
    script_ = [&](const recorded_request&) {
        return ++requests == 2 ? answer_of(503, "{}")
                               : answer_of(200, R"({"data":{"id":)" + std::to_string(requests) + "}}");
    };
    auto each = step("POST", "/sequenceStates/${{ $item.id }}/actions/finish");
    each.for_each = "[{id: 1}, {id: 2}, {id: 3}]";
    auto after = step("POST", "/tasks");
    after.body = settings::http_body{R"({"ids":"${{ [$steps.states[].data.id] }}"})", true};
    const std::vector<outreach_step> steps{named("states", each), after};
    EXPECT_EQ(handle(steps).verdict, verdict::retry);
    EXPECT_EQ(handle(steps).verdict, verdict::done);
    EXPECT_THAT(lines(), ElementsAre("POST /api/v2/sequenceStates/1/actions/finish",
                                     "POST /api/v2/sequenceStates/2/actions/finish",
                                     "POST /api/v2/sequenceStates/2/actions/finish",
                                     "POST /api/v2/sequenceStates/3/actions/finish", "POST /api/v2/tasks"));
    EXPECT_EQ(server_.requests().back().body, R"({"ids":[1,3,4]})");
}

/// What was answered is known before the next request goes; where that fails the step counts as not done.
TEST_F(OutreachAttempts, AStepIsDoneOnceThatIsKept) {
    progress_.refuses_from = 1;
    EXPECT_THROW(handle({step("POST", "/tasks"), step("POST", "/calls"), step("POST", "/mailings")}),
                 std::runtime_error);
    EXPECT_THAT(lines(), ElementsAre("POST /api/v2/tasks", "POST /api/v2/calls"));
}

} // namespace
} // namespace outreachd::handlers::outreach
