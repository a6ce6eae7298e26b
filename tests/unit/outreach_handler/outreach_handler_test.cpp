/// Steps become requests, and answers become what the delivery ends with.
#include "handlers/outreach_handler.hpp"
#include "tests/unit/handlers/attempts.hpp"
#include "tests/unit/outreach_client/outreach_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using namespace std::chrono_literals;
using settings::outreach_step;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using verdict = outcome::kind;

constexpr const char* mailing_body =
    R"({"data":{"type":"mailing","id":9007199254740993,)"
    R"("attributes":{"subject":"a & b"}},"meta":{"eventName":"mailing.replied"}})";

/// Keeps records as the store does; may refuse them from the n-th on.
class kept_progress final : public progress {
public:
    std::vector<std::string> results() override { return records; }

    void record(std::string result) override {
        if (records.size() == refuses_from)
            throw std::runtime_error("the daemon has ended");
        records.push_back(std::move(result));
    }

    std::vector<std::string> records;
    std::size_t refuses_from = 1'000'000;
};

outreach_step step(std::string method, std::string target) {
    outreach_step made;
    made.method = std::move(method);
    made.target = std::move(target);
    made.on_unknown = made.method == "POST" ? settings::on_unknown::dead : settings::on_unknown::retry;
    return made;
}

outreach_step named(std::string name, outreach_step made) {
    made.name = std::move(name);
    return made;
}

class OutreachHandler : public testing::Test {
protected:
    outcome handle(std::vector<outreach_step> steps, milliseconds timeout = 20s) {
        settings::outreach_handler configured;
        configured.steps = std::move(steps);
        configured.allow_hosts = allow_hosts_;
        const auto made = make_outreach_handler(
            configured, std::make_shared<access>(test::configured(server_), directory_ / ""), {},
            std::make_shared<expression::engine>(1));
        attempt what = handlers::test::make_attempt(body_);
        what.deadline = std::chrono::steady_clock::now() + timeout;
        what.done_so_far = &progress_;
        return made->handle(what);
    }

    /// Of another delivery, with nothing done yet.
    outcome handle_anew(std::vector<outreach_step> steps) {
        progress_.records.clear();
        return handle(std::move(steps));
    }

    std::vector<std::string> lines() const {
        std::vector<std::string> found;
        for (const recorded_request& one : server_.requests())
            found.push_back(one.line.substr(0, one.line.rfind(' ')));
        return found;
    }

    scripted_server::script script_ = [](const recorded_request&) {
        return answer_of(200, R"({"data":{"id":7}})");
    };
    std::string body_ = mailing_body;
    std::vector<std::string> allow_hosts_;
    kept_progress progress_;
    scratch_directory directory_;
    scripted_server server_{[this](const recorded_request& request) { return script_(request); }};
};

TEST_F(OutreachHandler, LaterStepsSeeWhatEarlierOnesGot) {
    script_ = [](const recorded_request& request) {
        return request.line.starts_with("GET")
                   ? answer_of(200, R"({"data":{"id":3,"attributes":{"subject":"Hello"},)"
                                    R"("relationships":{"prospect":{"data":{"type":"prospect","id":5}}}}})")
                   : answer_of(201, R"({"data":{"type":"task","id":12}})");
    };
    auto task = step("POST", "/tasks");
    task.body = settings::http_body{
        R"({"data":{"type":"task","attributes":{"note":"Replied to ${{ $steps.mailing.data.attributes.subject }}"},)"
        R"("relationships":{"subject":"${{ $steps.mailing.data.relationships.prospect }}"}}})",
        true};
    auto read = step("GET", "/mailings/${{ $event.resource_id }}");
    read.query = {{"include", "prospect"}};
    const outcome said = handle({named("mailing", read), task});
    EXPECT_EQ(said.verdict, verdict::done) << said.reason;
    EXPECT_THAT(lines(),
                ElementsAre("GET /api/v2/mailings/9007199254740993?include=prospect", "POST /api/v2/tasks"))
        << "to the last digit";
    const auto requests = server_.requests();
    EXPECT_EQ(requests[1].body, R"({"data":{"type":"task","attributes":{"note":"Replied to Hello"},)"
                                R"("relationships":{"subject":{"data":{"type":"prospect","id":5}}}}})");
    for (const recorded_request& one : requests) {
        EXPECT_EQ(one.headers.at("content-type"), "application/vnd.api+json");
        EXPECT_EQ(one.headers.at("authorization"), "Bearer fixed-token-planted");
        EXPECT_EQ(one.headers.at("idempotency-key"), "019aa000-0000-5000-8000-000000000002");
        EXPECT_TRUE(one.headers.contains("traceparent"));
    }
}

TEST_F(OutreachHandler, AStepIsSkippedWhereWhenSaysNo) {
    auto never = step("POST", "/tasks");
    never.when = "$steps.first.data.id > 100";
    auto unless = step("POST", "/calls");
    unless.when = "$steps.skipped == null";
    EXPECT_EQ(handle({named("first", step("GET", "/tasks/1")), named("skipped", never), unless}).verdict,
              verdict::done);
    EXPECT_THAT(lines(), ElementsAre("GET /api/v2/tasks/1", "POST /api/v2/calls"));
}

TEST_F(OutreachHandler, ARetryGoesOnBehindTheLastStepThatSucceeded) {
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

TEST_F(OutreachHandler, AListIsGoneThroughOnceWhateverHappensBetween) {
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

TEST_F(OutreachHandler, PagesAreReadAsOne) {
    script_ = [&](const recorded_request& request) {
        if (request.line.find("after") == std::string::npos)
            return answer_of(200, R"({"data":[{"id":1},{"id":2}],"links":{"next":")" + origin_of(server_) +
                                      R"(/api/v2/tasks?page[after]=x"}})");
        return answer_of(200, R"({"data":[{"id":3}]})");
    };
    auto all = step("GET", "/tasks");
    all.paginate = true;
    auto told = step("POST", "/calls");
    told.body = settings::http_body{R"({"ids":"${{ [$steps.all.data[].id] }}"})", true};
    EXPECT_EQ(handle({named("all", all), told}).verdict, verdict::done);
    EXPECT_EQ(server_.requests().back().body, R"({"ids":[1,2,3]})");
}

struct outcome_case {
    int status;
    const char* body;
    const char* headers;
    verdict expected;
    const char* reason;
};

TEST_F(OutreachHandler, EndsAsTheReferenceSays) {
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

TEST_F(OutreachHandler, WhatAllowListsIsASuccess) {
    script_ = [](const recorded_request&) {
        return answer_of(404, R"({"errors":[{"id":"resourceNotFound"}]})");
    };
    auto remove = step("DELETE", "/tasks/1");
    remove.allow = {404};
    EXPECT_EQ(handle({remove}).verdict, verdict::done);
}

/// Outreach may have done it, and would do it again.
TEST_F(OutreachHandler, AnAnswerThatIsLostEndsAsOnUnknownSays) {
    script_ = [](const recorded_request&) { return scripted_answer{.is_reset = true}; };
    const outcome said = handle({step("POST", "/tasks")});
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason, HasSubstr("it may have been done"));
    auto again = step("POST", "/tasks");
    again.on_unknown = settings::on_unknown::retry;
    EXPECT_EQ(handle({again}).verdict, verdict::retry);
    EXPECT_EQ(handle({step("GET", "/tasks")}).verdict, verdict::retry) << "reading does no harm";
    EXPECT_EQ(handle({step("PATCH", "/tasks/1")}).verdict, verdict::retry);
    // A gateway's word is none of Outreach's.
    script_ = [](const recorded_request&) { return answer_of(504, "", "Retry-After: 7\r\n"); };
    EXPECT_EQ(handle({step("POST", "/tasks")}).verdict, verdict::dead);
    const outcome later = handle({again});
    EXPECT_EQ(later.verdict, verdict::retry);
    EXPECT_EQ(later.retry_after, 7s);
    again.allow = {504};
    EXPECT_EQ(handle_anew({again}).verdict, verdict::done);
}

TEST_F(OutreachHandler, AStallEndsAtTheTimeoutOfOneRequest) {
    script_ = [](const recorded_request&) {
        std::this_thread::sleep_for(600ms);
        return answer_of(200, "{}");
    };
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(handle({step("POST", "/tasks")}, 200ms).verdict, verdict::dead);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

TEST_F(OutreachHandler, AProgramThatFailsIsDeadAtOnceAndNothingIsSent) {
    auto failing = step("POST", "/tasks/${{ .data.nothing }}");
    EXPECT_EQ(handle({failing}).verdict, verdict::dead) << "null in a path";
    auto no_list = step("POST", "/tasks");
    no_list.for_each = ".data.attributes.subject";
    const outcome said = handle({no_list});
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason, HasSubstr("is no array"));
    auto no_value = step("GET", "/tasks");
    no_value.query = {{"filter[id]", "${{ .data.nothing }}"}};
    EXPECT_THAT(handle({no_value}).reason, HasSubstr("query.filter[id]"));
    EXPECT_TRUE(server_.requests().empty());
}

TEST_F(OutreachHandler, ABulkActionThatWouldTouchEverythingIsNotSent) {
    const auto bulk = [] { return step("POST", "/batches/actions/prospectsDestroyAll"); };
    auto empty_list = bulk();
    empty_list.query = {{"actionParams[filter][id][]", "${{ [] }}"}};
    EXPECT_THAT(handle({empty_list}).reason, HasSubstr("would touch every record"));
    auto empty_value = bulk();
    empty_value.query = {{"actionParams[filter][id][]", "${{ \"\" }}"}};
    EXPECT_EQ(handle({empty_value}).verdict, verdict::dead);
    auto slip = bulk();
    slip.query = {{"filter[id]", "1"}};
    EXPECT_EQ(handle({slip}).verdict, verdict::dead) << "no filter for a batch (contract 9.4)";
    EXPECT_TRUE(server_.requests().empty());
    auto meant = bulk();
    meant.query = {{"actionParams[filter][id][]", "${{ [1, 2] }}"}};
    EXPECT_EQ(handle({meant}).verdict, verdict::done);
    auto all = bulk();
    all.is_for_all = true;
    EXPECT_EQ(handle_anew({all}).verdict, verdict::done);
    EXPECT_EQ(lines().size(), 2U);
}

/// Another server's URL gets what the step says, and no token of ours.
TEST_F(OutreachHandler, AWholeUrlGetsNoToken) {
    scripted_server crm([](const recorded_request&) { return http_ok(R"({"id":"c-1"})"); });
    auto outside = step("POST", origin_of(crm) + "/contacts");
    outside.is_elsewhere = true;
    outside.body = settings::http_body{R"({"subject":"${{ .data.attributes.subject }}"})", true};
    auto back = step("PATCH", "/mailings/1");
    back.body = settings::http_body{R"({"crm":"${{ $steps.crm.id }}"})", true};
    EXPECT_EQ(handle({named("crm", outside), back}).verdict, verdict::done);
    const auto requests = crm.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_FALSE(requests[0].headers.contains("authorization"));
    EXPECT_EQ(requests[0].body, R"({"subject":"a & b"})");
    EXPECT_EQ(server_.requests()[0].body, R"({"crm":"c-1"})");

    auto chosen = step("POST", "${{ .data.attributes.subject }}");
    chosen.is_elsewhere = true;
    allow_hosts_ = {"crm.example.com"};
    body_ = R"({"data":{"attributes":{"subject":")" + origin_of(crm) + R"(/x"}}})";
    EXPECT_THAT(handle_anew({chosen}).reason, HasSubstr("is not in allow_hosts"));
    EXPECT_EQ(crm.requests().size(), 1U);
}

/// What was answered is known before the next request goes; where that fails the step counts as not done.
TEST_F(OutreachHandler, AStepIsDoneOnceThatIsKept) {
    progress_.refuses_from = 1;
    EXPECT_THROW(handle({step("POST", "/tasks"), step("POST", "/calls"), step("POST", "/mailings")}),
                 std::runtime_error);
    EXPECT_THAT(lines(), ElementsAre("POST /api/v2/tasks", "POST /api/v2/calls"));
}

} // namespace
} // namespace outreachd::handlers::outreach
