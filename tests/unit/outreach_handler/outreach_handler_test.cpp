/// Steps become requests.
#include "tests/unit/outreach_handler/handler_at_outreach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class OutreachHandler : public handler_at_outreach {};

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

struct OutreachHandlersListWithoutAnEnd : OutreachHandler {
    /// Each page has this list, and names a next one.
    outcome read(const std::string& list) {
        script_ = [this, list](const recorded_request&) {
            return answer_of(200, R"({"data":)" + list + R"(,"links":{"next":")" + origin_of(server_) +
                                      "/api/v2/tasks?page[after]=" + std::to_string(++pages_) + R"("}})");
        };
        auto all = step("GET", "/tasks");
        all.paginate = true;
        return handle({all});
    }

    std::atomic<int> pages_ = 0;
};

/// Together they are one record of the store.
TEST_F(OutreachHandlersListWithoutAnEnd, HasABoundInBytes) {
    const outcome said = read("[\"" + std::string(5UL * 1024 * 1024, 'x') + "\"]");
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason, HasSubstr("the list's pages are longer than 16 MiB"));
    EXPECT_EQ(pages_, 4);
}

/// An attempt that ran into the hourly limit would begin again at the first page, for ever.
TEST_F(OutreachHandlersListWithoutAnEnd, HasABoundInPages) {
    const outcome said = read("[]");
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason, HasSubstr("more than 1000 pages"));
    EXPECT_EQ(pages_, 1000);
}

TEST_F(OutreachHandler, AStepsHeadersStandBesideTheHandlersOwn) {
    auto change = step("PUT", "/tasks/1");
    change.headers = {{"X-Subject", "about ${{ .data.attributes.subject }}"},
                      {"Idempotency-Key", "its own"},
                      {"Authorization", "Basic x"}};
    change.body = settings::http_body{R"({"data":{"id":1}})", true};
    EXPECT_EQ(handle({change}).verdict, verdict::done);
    const auto requests = server_.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].line, "PUT /api/v2/tasks/1 HTTP/1.1");
    EXPECT_EQ(requests[0].body, R"({"data":{"id":1}})");
    EXPECT_EQ(requests[0].headers.at("x-subject"), "about a & b");
    EXPECT_EQ(requests[0].headers.at("idempotency-key"), "its own");
    EXPECT_EQ(requests[0].headers.at("authorization"), "Bearer fixed-token-planted");

    auto broken = step("PUT", "/tasks/1");
    broken.headers = {{"X-Subject", "${{ \"a\\nb\" }}"}};
    EXPECT_EQ(handle_anew({broken}).verdict, verdict::dead);
    EXPECT_EQ(server_.requests().size(), 1U);
}

/// A server that heeds it would answer the second request by what it said to the first.
TEST_F(OutreachHandler, EachRequestOfADeliveryHasAKeyOfItsOwnThatAttemptsKeep) {
    int requests = 0;
    script_ = [&](const recorded_request&) { return answer_of(++requests == 4 ? 503 : 200, "{}"); };
    auto each = step("PATCH", "/tasks/${{ $item }}");
    each.for_each = "[7, 8]";
    const std::vector<outreach_step> steps{step("POST", "/tasks"), step("POST", "/tasks"), each};
    EXPECT_EQ(handle(steps).verdict, verdict::retry);
    EXPECT_EQ(handle(steps).verdict, verdict::done);
    const std::vector<std::string> keys = idempotency_keys();
    ASSERT_EQ(keys.size(), 5U);
    EXPECT_EQ((std::set<std::string>{keys.begin(), keys.end() - 1}.size()), 4U);
    EXPECT_EQ(keys[3], keys[4]) << "of the one that was tried again";
}

TEST_F(OutreachHandler, ADeleteHasNoAnswersContent) {
    script_ = [](const recorded_request& request) {
        return request.line.starts_with("DELETE") ? scripted_answer{"HTTP/1.1 204 No Content\r\n\r\n"}
                                                  : answer_of(201, R"({"data":{"id":7}})");
    };
    auto after = step("POST", "/calls");
    after.when = "$steps.gone == null";
    EXPECT_EQ(handle({named("gone", step("DELETE", "/tasks/1")), after}).verdict, verdict::done);
    EXPECT_THAT(lines(), ElementsAre("DELETE /api/v2/tasks/1", "POST /api/v2/calls"));
}

/// What can't be kept isn't asked for again and again.
TEST_F(OutreachHandler, AnswersToElementsHaveABoundTogether) {
    const std::string body = R"({"data":")" + std::string(5UL * 1024 * 1024, 'x') + R"("})";
    script_ = [&](const recorded_request&) { return answer_of(200, body); };
    auto each = step("POST", "/tasks/${{ $item }}/complete");
    each.for_each = "[1, 2, 3, 4, 5, 6]";
    const outcome said = handle({named("tasks", each)});
    EXPECT_EQ(said.verdict, verdict::dead);
    EXPECT_THAT(said.reason, HasSubstr("step 'tasks': the answers to its elements are longer than 16 MiB"));
    EXPECT_EQ(server_.requests().size(), 4U);
    EXPECT_EQ(handle({named("tasks", each)}).verdict, verdict::dead) << "what is kept of it counts, too";
    EXPECT_EQ(server_.requests().size(), 4U) << "nothing that was answered is done twice";
    each.for_each = "[1, 2, 3, 4]";
    for (int attempt = 0; attempt < 2; ++attempt)
        EXPECT_EQ(
            (attempt == 0 ? handle_anew({named("tasks", each)}) : handle({named("tasks", each)})).verdict,
            verdict::dead)
            << "the last one's answer counts, too";
    EXPECT_EQ(server_.requests().size(), 8U);
    EXPECT_EQ(handle_anew({each}).verdict, verdict::done) << "without a name nothing is kept";
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
    for (const char* target :
         {"//batches/actions/prospectsDestroyAll", "/batches//actions/x", "/${{ \"batches\" }}//actions/x"})
        EXPECT_THAT(handle({step("POST", target)}).reason, HasSubstr("would touch every record")) << target;
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

/// A hook's key stands in its path.
TEST_F(OutreachHandler, AWholeUrlsPathThatMayBeASecretIsInNoReason) {
    scripted_server hook([](const recorded_request& request) {
        return request.body.empty() ? answer_of(308, "", "Location: /services/hidden/\r\n")
                                    : answer_of(500, "");
    });
    for (const bool is_moved : {true, false}) {
        auto outside = step("PUT", origin_of(hook) + "/services/hidden");
        outside.is_elsewhere = outside.hides_path = true;
        if (!is_moved)
            outside.body = settings::http_body{"{}", true};
        const outcome said = handle({outside});
        EXPECT_EQ(said.verdict, is_moved ? verdict::dead : verdict::retry);
        EXPECT_THAT(said.reason, AllOf(HasSubstr(origin_of(hook)), Not(HasSubstr("hidden"))));
    }
}

} // namespace
} // namespace outreachd::handlers::outreach
