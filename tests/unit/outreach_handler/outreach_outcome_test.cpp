/// Answers become what the delivery ends with.
#include "tests/unit/outreach_handler/handler_at_outreach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::Not;

class OutreachOutcome : public handler_at_outreach {};

struct outcome_case {
    int status;
    const char* body;
    const char* headers;
    verdict expected;
    const char* reason;
};

TEST_F(OutreachOutcome, EndsAsTheReferenceSays) {
    const outcome_case cases[] = {
        {400, R"({"errors":[{"id":"badRequest","title":"No","detail":"no such parameter"}]})", "",
         verdict::dead, "step 1: POST"},
        {403, R"({"errors":[{"id":"unauthorizedOauthScope","title":"Scope"}]})", "", verdict::dead,
         "403 unauthorizedOauthScope"},
        {404, R"({"errors":[{"id":"resourceNotFound","title":"Gone"}]})", "", verdict::dead,
         "404 resourceNotFound"},
        {408, "{}", "", verdict::retry, "408"},
        {415, R"({"errors":[{"id":"unsupportedMediaType","details":"x"}]})", "", verdict::dead, "415"},
        {422,
         R"({"errors":[{"id":"validationError","title":"V","detail":"Name can't be blank",)"
         R"("source":{"pointer":"/data/attributes/name"}}]})",
         "", verdict::dead, "Name can't be blank (/data/attributes/name)"},
        {429, R"({"errors":[{"id":"rateLimitExceeded"}]})", "Retry-After: 60\r\n", verdict::wait, ""},
        {500, R"({"errors":[{"id":"internalError"}]})", "", verdict::retry, "500 internalError"},
        {500, "{}", "", verdict::dead, "it may have been done"},
        {502, "<html>Bad gateway", "", verdict::dead, "it may have been done"},
        {503, "{}", "", verdict::retry, "503"},
        {504, "{}", "", verdict::dead, "it may have been done"},
        {401, "{}", "", verdict::wait, "outreach.auth.token"},
        {407, "{}", "", verdict::retry, "407"},
        {503, "{}", "Retry-After: 120\r\n", verdict::wait, ""},
        {301, "", "Location: https://elsewhere.example.com/\r\n", verdict::dead, "301"},
    };
    for (const outcome_case& one : cases) {
        SCOPED_TRACE(one.status);
        // A server, limit and tokens of its own for each.
        scripted_server server(
            [&](const recorded_request&) { return answer_of(one.status, one.body, one.headers); });
        const scratch_directory directory;
        settings::outreach_handler configured;
        configured.steps = {step("POST", "/tasks")};
        const auto made = make_outreach_handler(
            configured, std::make_shared<access>(test::configured(server), directory / ""), {},
            std::make_shared<expression::engine>(1));
        const outcome said = made->handle(handlers::test::make_attempt(body_));
        EXPECT_EQ(said.verdict, one.expected) << said.reason;
        EXPECT_THAT(said.reason, HasSubstr(one.reason));
        EXPECT_THAT(said.reason, Not(HasSubstr("planted")));
        if (one.expected == verdict::wait) {
            ASSERT_TRUE(said.retry_after);
            EXPECT_GE(*said.retry_after, 30s);
        }
    }
}

/// A handler's workers hold to it by a steady clock, whatever the other is set to.
TEST(StepOutcome, AWaitHasABound) {
    const wall_time now = wall_now();
    api_answer later{.what = api_answer::kind::later, .problem = "the hourly limit is used up"};
    for (const auto& [until, waits] : {std::pair<std::chrono::minutes, milliseconds>{64min, 64min},
                                       {65min, 65min},
                                       {66min, 65min},
                                       {-6h, 100ms},
                                       {6h, 65min}}) {
        later.until = now + until;
        const outcome said = judge_step(later, step("GET", "/tasks"), now).end;
        EXPECT_EQ(said.verdict, verdict::wait);
        EXPECT_EQ(said.retry_after, waits);
    }
}

TEST_F(OutreachOutcome, WhatAllowListsIsASuccess) {
    script_ = [](const recorded_request&) {
        return answer_of(404, R"({"errors":[{"id":"resourceNotFound"}]})");
    };
    auto remove = step("DELETE", "/tasks/1");
    remove.allow = {404};
    EXPECT_EQ(handle({remove}).verdict, verdict::done);
}

/// It would hold up everything else of the handler, for ever.
TEST_F(OutreachOutcome, A401OfOneRequestAloneEndsItsDelivery) {
    script_ = [](const recorded_request& request) {
        return request.line.starts_with("GET /api/v2 ")
                   ? answer_of(200, R"({"data":{}})")
                   : answer_of(401, R"({"errors":[{"id":"unauthorized"}]})");
    };
    const outcome said = handle({step("GET", "/batches/1")});
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason,
                HasSubstr("401 unauthorized; with the same token Outreach answers other requests"));
}

/// Outreach may have done it, and would do it again.
TEST_F(OutreachOutcome, AnAnswerThatIsLostEndsAsOnUnknownSays) {
    std::atomic<bool> is_behind_gateway = false;
    script_ = [&](const recorded_request&) {
        return is_behind_gateway ? answer_of(504, "", "Retry-After: 7\r\n")
                                 : scripted_answer{.is_reset = true};
    };
    const outcome said = handle({step("POST", "/tasks")});
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason, HasSubstr("it may have been done"));
    auto again = step("POST", "/tasks");
    again.on_unknown = settings::on_unknown::retry;
    EXPECT_EQ(handle({again}).verdict, verdict::retry);
    EXPECT_EQ(handle({step("GET", "/tasks")}).verdict, verdict::retry) << "reading does no harm";
    EXPECT_EQ(handle({step("PATCH", "/tasks/1")}).verdict, verdict::retry);
    // A gateway's word is none of Outreach's.
    is_behind_gateway = true;
    EXPECT_EQ(handle({step("POST", "/tasks")}).verdict, verdict::dead);
    const outcome later = handle({again});
    EXPECT_EQ(later.verdict, verdict::retry);
    EXPECT_EQ(later.retry_after, 7s);
    again.allow = {504};
    EXPECT_EQ(handle_anew({again}).verdict, verdict::done);
}

/// A put, as a get, is repeated whatever became of it.
TEST_F(OutreachOutcome, APutWhoseAnswerIsLostIsTriedAgain) {
    script_ = [](const recorded_request&) { return scripted_answer{.is_reset = true}; };
    EXPECT_EQ(handle({step("PUT", "/tasks/1")}).verdict, verdict::retry);
}

TEST_F(OutreachOutcome, AStallEndsAtTheTimeoutOfOneRequest) {
    script_ = [](const recorded_request&) {
        std::this_thread::sleep_for(600ms);
        return answer_of(200, "{}");
    };
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(handle({step("POST", "/tasks")}, 200ms).verdict, verdict::dead);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

} // namespace
} // namespace outreachd::handlers::outreach
