#include "handlers/outreach/client.hpp"
#include "tests/unit/outreach_client/client_under_test.hpp"
#include "tests/unit/outreach_client/test_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using answer_kind = api_answer::kind;

TEST(OutreachClient, SendsWhatOutreachAsksFor) {
    client_under_test test;
    const api_answer read = test.send(get("/tasks?page[size]=2"));
    EXPECT_TRUE(read.is_success()) << read.problem;
    EXPECT_EQ(read.body, R"({"data":[]})");
    test.script = [](const recorded_request&) { return answer_of(201, R"({"data":{"id":1}})"); };
    EXPECT_TRUE(test.send(post("tasks", R"({"data":{}})")).is_success());
    test.script = [](const recorded_request&) { return scripted_answer{"HTTP/1.1 204 No Content\r\n\r\n"}; };
    EXPECT_TRUE(test.send(remove("/tasks/1")).is_success());
    EXPECT_TRUE(test.send(post("/tasks/1/actions/markComplete")).is_success());
    const auto requests = test.server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_EQ(requests[0].line, "GET /api/v2/tasks?page[size]=2 HTTP/1.1");
    EXPECT_EQ(requests[1].line, "POST /api/v2/tasks HTTP/1.1");
    EXPECT_EQ(requests[1].body, R"({"data":{}})");
    EXPECT_EQ(requests[2].line, "DELETE /api/v2/tasks/1 HTTP/1.1");
    EXPECT_FALSE(requests[2].headers.contains("content-length"));
    for (const recorded_request& each : requests) {
        EXPECT_EQ(each.headers.at("content-type"), "application/vnd.api+json");
        EXPECT_EQ(each.headers.at("accept"), "application/vnd.api+json");
        EXPECT_EQ(each.headers.at("authorization"), "Bearer fixed-token-planted");
        EXPECT_THAT(each.headers.at("user-agent"), HasSubstr("outreachd/"));
    }
}

TEST(OutreachClient, TakesHeadersOfTheCallerButNoOtherToken) {
    client_under_test test;
    api_request request = post("/tasks", "{}");
    request.headers = {{"content-type", "text/csv"}, {"Idempotency-Key", "k"}, {"authorization", "Basic x"}};
    EXPECT_TRUE(test.send(request).is_success());
    const auto headers = test.server.requests()[0].headers;
    EXPECT_EQ(headers.at("content-type"), "text/csv");
    EXPECT_EQ(headers.at("idempotency-key"), "k");
    EXPECT_EQ(headers.at("authorization"), "Bearer fixed-token-planted");
}

TEST(OutreachClient, GivesTheTokenToNobodyElse) {
    client_under_test test;
    scripted_server elsewhere{[](const recorded_request&) { return answer_of(200, "{}"); }};
    for (const std::string& target :
         {origin_of(elsewhere) + "/api/v2/tasks", std::string{"https://api.outreach.io.evil.example/"},
          std::string{"http://user@127.0.0.1/"}, std::string{"/../../oauth"}, std::string{"/a b"},
          std::string{"/%2e%2e/x"}, std::string{"@127.0.0.1/x/../y"}}) {
        const api_answer refused = test.send(get(target));
        EXPECT_EQ(refused.what, answer_kind::refused) << target;
        EXPECT_THAT(refused.problem, Not(IsEmpty()));
        EXPECT_FALSE(refused.is_success());
    }
    EXPECT_THAT(elsewhere.requests(), IsEmpty());
    EXPECT_THAT(test.server.requests(), IsEmpty());
    EXPECT_TRUE(test.send(get(origin_of(test.server) + "/api/v2/tasks?page[after]=x")).is_success());
}

TEST(OutreachClient, LetsNoValueBecomeAHeader) {
    client_under_test test;
    api_request request = get("/tasks");
    request.headers = {{"X-Note", "a\r\nAuthorization: Basic x"}};
    const api_answer refused = test.send(request);
    EXPECT_EQ(refused.what, answer_kind::refused);
    EXPECT_THAT(refused.problem, HasSubstr("the header X-Note"));
    test.configured.auth = settings::token_access{secret{"planted\nInjected: 1"}};
    EXPECT_THROW(access(test.configured, test.directory / ""), std::runtime_error);
    EXPECT_THAT(test.server.requests(), IsEmpty());
}

TEST(OutreachClient, TellsTheMetricsOfEachRequest) {
    client_under_test test;
    test.script = [](const recorded_request& request) {
        return request.line.starts_with("GET") ? answer_of(200, "{}", limit_headers(9000, "1800"))
                                               : scripted_answer{.is_reset = true};
    };
    test.send(get("/tasks"));
    test.send(post("/tasks", "{}"));
    EXPECT_THAT(test.seen, ElementsAre(Pair(200, 9000U), Pair(0, 9000U)));
}

TEST(OutreachClient, RenewsARefusedTokenOnceAndSendsAgain) {
    client_under_test test;
    test.use_oauth();
    std::atomic<int> grants = 0;
    test.script = [&](const recorded_request& request) {
        if (is_token_request(request)) {
            const std::string number = std::to_string(++grants);
            return grant_of("access-planted-" + number, "refresh-planted-" + number);
        }
        return request.headers.at("authorization") == "Bearer access-planted-2"
                   ? answer_of(201, R"({"data":{"id":5}})")
                   : answer_of(401, R"({"errors":[{"id":"unauthorized"}]})");
    };
    EXPECT_EQ(test.send(post("/tasks", "{}")).what, answer_kind::later) << "one token a minute";
    test.clock.advance(minutes{1});
    const api_answer done = test.send(post("/tasks", R"({"data":1})"));
    EXPECT_TRUE(done.is_success()) << done.problem;
    EXPECT_EQ(grants, 2);
    EXPECT_EQ(test.server.requests().back().body, R"({"data":1})") << "the whole request again";
    EXPECT_EQ(count_of(test.server, "GET /api/v2 "), 2U) << "one request more for each 401";
    EXPECT_EQ(count_of(test.server, "POST /api/v2/tasks "), 3U);
}

TEST(OutreachClient, SomebodyIsNeededWhereTheNewTokenIsRefusedToo) {
    client_under_test test;
    test.use_oauth();
    std::atomic<int> grants = 0;
    std::atomic<bool> lets_in = false;
    test.script = [&](const recorded_request& request) {
        const std::string number = std::to_string(grants + 1);
        if (is_token_request(request))
            ++grants;
        if (is_token_request(request))
            return grant_of("access-planted-" + number, "refresh-planted-" + number);
        return lets_in ? answer_of(200, R"({"data":[]})")
                       : answer_of(401, R"({"errors":[{"id":"unauthorized"}]})");
    };
    test.send(get("/tasks"));
    EXPECT_EQ(test.shared->refusal().why(), "") << "another token is to come";
    test.clock.advance(minutes{1});
    const api_answer refused = test.send(get("/tasks"));
    EXPECT_EQ(refused.what, answer_kind::needs_login);
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(refused.problem, AllOf(HasSubstr("401 unauthorized"), HasSubstr("refused again")));
    EXPECT_EQ(test.shared->refusal().why(), refused.problem);
    EXPECT_EQ(grants, 2);

    // Whoever waits asks again and again, and for no token each time.
    test.clock.advance(minutes{5});
    EXPECT_EQ(test.send(get("/tasks")).what, answer_kind::needs_login);
    EXPECT_EQ(grants, 2);
    test.clock.advance(minutes{10});
    EXPECT_EQ(test.send(get("/tasks")).what, answer_kind::needs_login);
    EXPECT_EQ(grants, 3);
    lets_in = true;
    EXPECT_TRUE(test.send(get("/tasks")).is_success());
    EXPECT_EQ(test.shared->refusal().why(), "");
}

/// A request that is refused with a token that is taken elsewhere is nobody's login.
TEST(OutreachClient, A401OfOneRequestAloneIsItsOwnFault) {
    for (const bool is_fixed : {false, true}) {
        client_under_test test;
        if (!is_fixed)
            test.use_oauth();
        std::atomic<int> grants = 0;
        test.script = [&](const recorded_request& request) {
            if (is_token_request(request))
                return grant_of("access-planted-" + std::to_string(++grants), "refresh-planted");
            return request.line.find("/batches ") != std::string::npos
                       ? answer_of(401, R"({"errors":[{"id":"unauthorized"}]})")
                       : answer_of(200, R"({"data":[]})");
        };
        for (int i = 0; i < 2; ++i) {
            const api_answer refused = test.send(get("/batches"));
            EXPECT_EQ(refused.what, answer_kind::answered) << refused.problem;
            EXPECT_EQ(refused.status, 401);
            EXPECT_THAT(refused.problem,
                        AllOf(HasSubstr("with the same token Outreach answers other requests"),
                              Not(HasSubstr("renewed"))));
            EXPECT_EQ(test.shared->refusal().why(), "");
            EXPECT_TRUE(test.send(get("/tasks")).is_success());
        }
        EXPECT_EQ(grants, is_fixed ? 0 : 1) << "no other token is asked for";
        EXPECT_EQ(count_of(test.server, "GET /api/v2 "), 2U);
    }
}

/// The token has ended, and the request may not be made with the new one either.
TEST(OutreachClient, A401OfOneRequestIsItsOwnFaultWithANewTokenToo) {
    client_under_test test;
    test.use_oauth();
    std::atomic<int> grants = 0;
    test.script = [&](const recorded_request& request) {
        if (is_token_request(request))
            return grant_of("access-planted-" + std::to_string(++grants), "refresh-planted");
        return request.headers.at("authorization") == "Bearer access-planted-2" &&
                       request.line.find("/batches ") == std::string::npos
                   ? answer_of(200, R"({"data":[]})")
                   : answer_of(401, R"({"errors":[{"id":"unauthorized"}]})");
    };
    EXPECT_EQ(test.send(get("/batches")).what, answer_kind::later) << "one token a minute";
    test.clock.advance(minutes{1});
    const api_answer refused = test.send(get("/batches"));
    EXPECT_EQ(refused.what, answer_kind::answered);
    EXPECT_THAT(refused.problem, HasSubstr("with the same token Outreach answers other requests"));
    EXPECT_EQ(grants, 2);
    EXPECT_EQ(test.shared->refusal().why(), "");
}

/// Where nobody may ask, nobody knows whose fault it is, and no token is spent on it.
TEST(OutreachClient, A401AtTheLimitsEndWaitsForTheNextHour) {
    client_under_test test;
    test.script = [](const recorded_request&) { return answer_of(401, "", limit_headers(1000, "600")); };
    const api_answer said = test.send(get("/tasks"));
    EXPECT_EQ(said.what, answer_kind::later);
    EXPECT_EQ(said.until, test.clock.now() + seconds{600});
    EXPECT_THAT(said.problem, AllOf(HasSubstr("/api/v2/tasks answered 401"), HasSubstr("asked later")));
    EXPECT_EQ(test.server.requests().size(), 1U);
    EXPECT_EQ(test.shared->refusal().why(), "");
}

TEST(OutreachClient, SurvivesA401InTheMiddleOfManyThreads) {
    client_under_test test;
    test.use_oauth();
    std::atomic<int> grants = 0;
    std::atomic<int> good = 1; // the token that is taken
    test.script = [&](const recorded_request& request) {
        if (is_token_request(request)) {
            const std::string number = std::to_string(++grants);
            return grant_of("access-planted-" + number, "refresh-planted-" + number);
        }
        return request.headers.at("authorization") == "Bearer access-planted-" + std::to_string(good)
                   ? answer_of(200, R"({"data":[]})")
                   : answer_of(401, "");
    };
    client& by = test.by();
    EXPECT_TRUE(by.send(get("/tasks"), in()).is_success());
    test.clock.advance(minutes{2});
    good = 2;
    std::atomic<int> answered = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 16; ++i)
            threads.emplace_back([&] {
                for (int j = 0; j < 5; ++j)
                    answered += by.send(get("/tasks"), in()).is_success() ? 1 : 0;
            });
    }
    EXPECT_EQ(answered, 80);
    EXPECT_EQ(grants, 2);
    EXPECT_LE(count_of(test.server, "GET /api/v2 "), 16U) << "one more for each that was refused";
}

TEST(OutreachClient, SaysWhereALoginIsNeeded) {
    client_under_test test;
    const api_answer fixed = [&] {
        test.script = [](const recorded_request&) { return answer_of(401, ""); };
        return test.send(get("/tasks"));
    }();
    EXPECT_EQ(fixed.what, answer_kind::needs_login);
    EXPECT_THAT(fixed.problem, HasSubstr("outreach.auth.token"));
    EXPECT_THAT(test.shared->refusal().why(), HasSubstr("outreach.auth.token"));
    EXPECT_THAT(test.send(get("/tasks")).problem, HasSubstr("outreach.auth.token")) << "each time";

    client_under_test oauth;
    oauth.use_oauth();
    oauth.script = [](const recorded_request&) { return answer_of(400, R"({"error":"invalid_grant"})"); };
    const api_answer answer = oauth.send(get("/tasks"));
    EXPECT_EQ(answer.what, answer_kind::needs_login);
    EXPECT_THAT(answer.problem, HasSubstr("outreachd auth login"));
    EXPECT_EQ(oauth.server.requests().size(), 1U);
}

TEST(OutreachClient, HoldsWorkersBackBeforeTheReserve) {
    client_under_test test;
    test.script = [](const recorded_request&) { return answer_of(200, "{}", limit_headers(1000, "600")); };
    EXPECT_TRUE(test.send(get("/tasks")).is_success());
    const api_answer held = test.send(get("/tasks"));
    EXPECT_EQ(held.what, answer_kind::later);
    EXPECT_EQ(held.until, test.clock.now() + seconds{600});
    EXPECT_THAT(held.problem, AllOf(HasSubstr("hourly limit"), HasSubstr("until 20")));
    EXPECT_TRUE(test.by(caller::operator_command).send(get("/tasks"), in()).is_success());
    EXPECT_EQ(test.server.requests().size(), 2U);
    test.clock.advance(seconds{600});
    EXPECT_TRUE(test.send(get("/tasks")).is_success());
}

TEST(OutreachClient, WaitsPatientlyForWhoHasTheTime) {
    client_under_test test;
    std::atomic<int> seen = 0;
    test.script = [&](const recorded_request&) {
        return ++seen == 1 ? answer_of(429, "", "Retry-After: 1\r\n") : answer_of(200, "{}");
    };
    test.by();
    bool goes_on = true;
    int waits = 0;
    client by{*test.shared, caller::operator_command, {.wait = [&](const api_answer&) {
                  ++waits;
                  test.clock.advance(seconds{1});
                  return goes_on;
              }}};
    const api_answer done = by.send_patiently(get("/tasks"), in());
    EXPECT_TRUE(done.is_success()) << done.problem;
    EXPECT_EQ(waits, 1);
    seen = 0;
    EXPECT_EQ(by.send_patiently(get("/tasks"), in(milliseconds{300})).what, answer_kind::later);
    EXPECT_EQ(waits, 1) << "it would be too late";
    test.clock.advance(seconds{1});
    seen = 0;
    goes_on = false;
    EXPECT_EQ(by.send_patiently(get("/tasks"), in()).what, answer_kind::later);
    EXPECT_EQ(waits, 2);
}

/// Without anybody who has another way to wait.
TEST(OutreachClient, SleepsUntilItIsLetIn) {
    client_under_test test;
    std::atomic<int> seen = 0;
    test.script = [&](const recorded_request&) {
        return ++seen == 1 ? answer_of(429, "", "Retry-After: 1\r\n") : answer_of(200, "{}");
    };
    client& by = test.by();
    std::jthread passing{[&](const std::stop_token& is_over) {
        while (!is_over.stop_requested()) {
            std::this_thread::sleep_for(milliseconds{100});
            test.clock.advance(seconds{seen});
        }
    }};
    EXPECT_TRUE(by.send_patiently(get("/tasks"), in()).is_success());
    EXPECT_EQ(seen, 2);
}

TEST(OutreachClient, GoesToTheOrgsOwnApi) {
    // An access token kept in the file, as `install_tokens` writes it, with an API of its own.
    scripted_server own{[](const recorded_request&) { return answer_of(200, R"({"data":[]})"); }};
    client_under_test test;
    test.configured.auth = settings::s2s_access{"guid", secret{pem_of(rsa_key())}, "17"};
    test.script = [&](const recorded_request&) {
        return answer_of(200,
                         R"({"data":{"meta":{"accessToken":"own"},"relationships":{"org":{"links":{"api":")" +
                             origin_of(own) + R"(/api/v2"}}}}})");
    };
    EXPECT_TRUE(test.send(get("/tasks")).is_success());
    ASSERT_EQ(own.requests().size(), 1U);
    EXPECT_EQ(own.requests()[0].line, "GET /api/v2/tasks HTTP/1.1");
    EXPECT_EQ(own.requests()[0].headers.at("authorization"), "Bearer own");
    EXPECT_TRUE(test.send(get(origin_of(own) + "/api/v2/tasks?page[after]=1")).is_success());
}

} // namespace
} // namespace outreachd::handlers::outreach
