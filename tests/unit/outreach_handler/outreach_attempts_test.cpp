/// What a delivery's next attempt goes on behind.
#include "tests/unit/outreach_handler/handler_at_outreach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <stdexcept>
#include <utility>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
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

/// By its number alone a step that was put in front would count as done, and the one behind be done again.
TEST_F(OutreachAttempts, StepsThatWereChangedSinceEndTheDelivery) {
    script_ = [](const recorded_request& request) {
        return request.line.starts_with("PATCH") ? answer_of(503, "{}")
                                                 : answer_of(200, R"({"data":{"id":7}})");
    };
    auto made = named("made", step("POST", "/tasks"));
    made.body = settings::http_body{R"({"data":{}})", true};
    const auto behind = step("PATCH", "/tasks/${{ $steps.made.data.id }}");
    EXPECT_EQ(handle({made, behind}).verdict, verdict::retry);
    const auto sent = lines().size();

    const outcome said = handle({step("GET", "/users"), made, behind});
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason, AllOf(HasSubstr("the steps were changed since"), HasSubstr("step 1"),
                                   HasSubstr("--from-start")));
    const std::pair<const char*, std::function<void(outreach_step&)>> changes[] = {
        {"method", [](auto& one) { one.method = "PUT"; }},
        {"target", [](auto& one) { one.target += "s"; }},
        {"body", [](auto& one) { one.body->text = "{}"; }},
        {"no body", [](auto& one) { one.body.reset(); }},
        {"query",
         [](auto& one) {
             one.query = {{"fields[task]", "note"}};
         }},
        {"when", [](auto& one) { one.when = "true"; }},
        {"for_each", [](auto& one) { one.for_each = "[1]"; }},
        {"all pages", [](auto& one) { one.paginate = true; }},
        {"no name", [](auto& one) { one.name.clear(); }},
    };
    for (const auto& [what, change] : changes) {
        auto another = made;
        change(another);
        EXPECT_EQ(handle({another, behind}).verdict, verdict::dead) << what;
    }
    EXPECT_EQ(lines().size(), sent);

    // What is put back, or is the same request, goes on.
    script_ = [](const recorded_request&) { return answer_of(200, R"({"data":{"id":7}})"); };
    made.allow = {404};
    made.on_unknown = settings::on_unknown::retry;
    auto fixed = behind;
    fixed.query = {{"fields[task]", "note"}};
    EXPECT_EQ(handle({made, fixed}).verdict, verdict::done) << "a step that isn't done may change";
    EXPECT_EQ(count_of(server_, "POST"), 1U);
}

/// Else a server that heeds keys would take it for what it has answered, and never do it; and the one behind
/// it, whose answer was lost, it would do twice.
TEST_F(OutreachAttempts, AStepThatComesToStandInAnothersPlaceHasAKeyOfItsOwn) {
    script_ = [](const recorded_request& request) {
        return answer_of(request.line.starts_with("PATCH") ? 503 : 200, "{}");
    };
    const auto done = step("POST", "/tasks");
    const auto lost = step("PATCH", "/tasks/1");
    EXPECT_EQ(handle({done, lost}).verdict, verdict::retry);
    script_ = [](const recorded_request&) { return answer_of(200, "{}"); };
    EXPECT_EQ(handle({done, step("POST", "/calls"), lost}).verdict, verdict::done);
    const std::vector<std::string> keys = idempotency_keys();
    ASSERT_EQ(keys.size(), 4U);
    EXPECT_EQ(keys[1], keys[3]);
    EXPECT_EQ((std::set<std::string>{keys.begin(), keys.end()}.size()), 3U);

    auto changed = done;
    changed.query = {{"fields[task]", "note"}};
    EXPECT_EQ(handle_anew({changed}).verdict, verdict::done);
    EXPECT_NE(idempotency_keys().back(), keys[0]) << "from the start";
}

TEST_F(OutreachAttempts, AListThatWasChangedInItsMidstEndsTheDelivery) {
    int requests = 0;
    script_ = [&](const recorded_request&) {
        return ++requests == 2 ? answer_of(503, "{}") : answer_of(200, "{}");
    };
    auto each = step("POST", "/tasks/${{ $item }}/actions/advance");
    each.for_each = "[1, 2, 3]";
    EXPECT_EQ(handle({each}).verdict, verdict::retry);
    auto another = each;
    another.target = "/tasks/${{ $item }}/actions/deliver";
    EXPECT_THAT(handle({another}).reason, HasSubstr("the steps were changed since"));
    EXPECT_EQ(handle({each}).verdict, verdict::done);
    EXPECT_EQ(count_of(server_, "POST /api/v2/tasks/1/"), 1U);
}

/// Nobody knows which step that was.
TEST_F(OutreachAttempts, WhatAnOlderVersionKeptIsTakenByItsNumber) {
    progress_.records = {"done 0\n{\"data\":{\"id\":3}}", "list 1\n[1,2]", "element 1\nnull"};
    auto each = step("POST", "/tasks/${{ $item }}/actions/${{ $steps.first.data.id }}");
    each.for_each = "[]";
    EXPECT_EQ(handle({named("first", step("POST", "/tasks")), each}).verdict, verdict::done);
    EXPECT_THAT(lines(), ElementsAre("POST /api/v2/tasks/2/actions/3"));
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

/// A stop or a reload waits for the one request that runs, and what was answered is known by then.
TEST_F(OutreachAttempts, WhatTakesLongIsGivenBackBetweenTwoRequests) {
    auto each = step("POST", "/tasks/${{ $item }}/actions/advance");
    each.for_each = "[2, 3]";
    auto pages = step("GET", "/tasks");
    pages.paginate = true;
    const std::vector<outreach_step> steps{step("POST", "/tasks"), each, step("POST", "/calls"), pages};
    const std::vector<std::string> all{"POST /api/v2/tasks",
                                       "POST /api/v2/tasks/2/actions/advance",
                                       "POST /api/v2/tasks/3/actions/advance",
                                       "POST /api/v2/calls",
                                       "GET /api/v2/tasks",
                                       "GET /api/v2/tasks?page[after]=x"};
    std::atomic<std::chrono::milliseconds> from = 0ms;
    script_ = [&](const recorded_request& request) {
        running_.load()->wind_down(std::chrono::steady_clock::now() + from.load());
        return answer_of(200, request.line.starts_with("GET /api/v2/tasks ")
                                  ? R"({"data":[1],"links":{"next":")" + origin_of(server_) +
                                        R"(/api/v2/tasks?page[after]=x"}})"
                                  : R"({"data":[2]})");
    };
    for (std::size_t sent = 1; sent < all.size(); ++sent) {
        const outcome said = handle(steps);
        EXPECT_EQ(said.verdict, verdict::given_back) << sent;
        EXPECT_THAT(said.reason, HasSubstr("before all was done")) << sent;
        EXPECT_EQ(lines().size(), sent) << "one request each time, and none twice";
    }
    // A list that is read takes up no half of itself.
    from = 1h;
    EXPECT_EQ(handle(steps).verdict, verdict::done) << "there was time left for it";
    auto expected = all;
    expected.insert(expected.end() - 1, "GET /api/v2/tasks");
    EXPECT_EQ(lines(), expected);
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
