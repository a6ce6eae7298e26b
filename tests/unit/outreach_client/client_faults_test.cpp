/// Each way in which Outreach, or what stands before it, can go wrong.
#include "tests/unit/outreach_client/client_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using answer_kind = api_answer::kind;

struct fault {
    const char* name;
    scripted_answer answer;
    answer_kind of_get;
    answer_kind of_post;
    int status;
    const char* said;
};

/// Also the names of the tests' failures.
void expect_fault(const fault& each) {
    for (const bool is_post : {false, true}) {
        client_under_test test;
        test.script = [&](const recorded_request&) { return each.answer; };
        const api_answer said = test.send(is_post ? post("/tasks", "{}") : get("/tasks"), seconds{1});
        EXPECT_EQ(said.what, is_post ? each.of_post : each.of_get) << each.name << said.problem;
        EXPECT_EQ(said.status, each.status) << each.name;
        EXPECT_THAT(said.problem, AllOf(HasSubstr(each.said), HasSubstr("/api/v2/tasks"),
                                        Not(HasSubstr("planted")), Not(HasSubstr("\n"))))
            << each.name;
        EXPECT_FALSE(said.is_success());
        EXPECT_EQ(test.server.requests().size(), 1U) << each.name << ": nothing is sent twice";
    }
}

TEST(OutreachFaults, AnswersThatAreErrors) {
    const std::string scope =
        R"({"errors":[{"id":"unauthorizedOauthScope","title":"Unauthorized","detail":"no"}]})";
    const fault faults[] = {
        {"bad action", answer_of(400, R"({"errors":[{"id":"x","detail":"extra"}]})"), answer_kind::answered,
         answer_kind::answered, 400, "answered 400 x: extra"},
        {"scope", answer_of(403, scope), answer_kind::answered, answer_kind::answered, 403,
         "add it to outreach.auth.scopes"},
        {"rights", answer_of(403, R"({"errors":[{"id":"unauthorizedRequest"}]})"), answer_kind::answered,
         answer_kind::answered, 403, "may not do this"},
        {"gone", answer_of(404, R"({"errors":[{"id":"resourceNotFound"}]})"), answer_kind::answered,
         answer_kind::answered, 404, "404 resourceNotFound"},
        {"type", answer_of(415, R"({"errors":[{"id":"unsupportedMediaType","details":"d"}]})"),
         answer_kind::answered, answer_kind::answered, 415, "415 unsupportedMediaType: d"},
        {"invalid", answer_of(422, R"({"errors":[{"id":"validationError","detail":"Name can't be blank",
                          "source":{"pointer":"/data/attributes/name"}}]})"),
         answer_kind::answered, answer_kind::answered, 422,
         "422 validationError: Name can't be blank (/data/attributes/name)"},
        {"failed", answer_of(500, R"({"errors":[{"id":"internalError"}]})"), answer_kind::answered,
         answer_kind::answered, 500, "500 internalError"},
        {"busy", answer_of(503, ""), answer_kind::answered, answer_kind::answered, 503, "answered 503"},
        {"busy, with a time that has passed", answer_of(503, "", "Retry-After: 0\r\n"), answer_kind::answered,
         answer_kind::answered, 503, "answered 503"},
        {"teapot", answer_of(418, ""), answer_kind::answered, answer_kind::answered, 418, "answered 418"},
    };
    for (const fault& each : faults)
        expect_fault(each);
}

TEST(OutreachFaults, AnswersThatAreNone) {
    const fault faults[] = {
        {"reset", {.is_reset = true}, answer_kind::unreachable, answer_kind::lost, 0, "reset"},
        {"closed",
         {.bytes = "", .is_last = true},
         answer_kind::unreachable,
         answer_kind::lost,
         0,
         "closed without an answer"},
        {"stalled", {.bytes = ""}, answer_kind::unreachable, answer_kind::lost, 0, "no answer within"},
        {"stalled half way",
         {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"},
         answer_kind::unreachable,
         answer_kind::lost,
         200,
         "no whole answer within"},
        {"broken off",
         {.bytes = "HTTP/1.1 201 OK\r\nContent-Length: 99\r\n\r\n{\"data\"", .is_last = true},
         answer_kind::unreachable,
         answer_kind::lost,
         201,
         "broke off"},
        {"truncated JSON", answer_of(200, R"({"data":[{"id":1)"), answer_kind::unreachable, answer_kind::lost,
         200, "JSON that breaks off"},
        {"a login page", answer_of(200, "<html>sign in</html>", {}, "text/html"), answer_kind::unreachable,
         answer_kind::lost, 200, "a web page instead of JSON"},
        {"words", answer_of(200, "OK", {}, "text/plain"), answer_kind::unreachable, answer_kind::lost, 200,
         "or with none"},
        {"garbage",
         {.bytes = "SSH-2.0-OpenSSH\r\n", .is_last = true},
         answer_kind::unreachable,
         answer_kind::lost,
         0,
         ""},
    };
    for (const fault& each : faults)
        expect_fault(each);
}

/// What stands behind it may have done it all the same.
TEST(OutreachFaults, AnswersThatLeaveOpenWhetherItWasDone) {
    const std::string known = R"({"errors":[{"id":"badGateway"}]})";
    const fault faults[] = {
        {"a page", answer_of(500, "<html>", {}, "text/html"), answer_kind::answered, answer_kind::lost, 500,
         "a web page"},
        {"no word", answer_of(500, "{}"), answer_kind::answered, answer_kind::lost, 500, "answered 500"},
        {"gateway", answer_of(502, ""), answer_kind::answered, answer_kind::lost, 502, "answered 502"},
        {"gateway with words", answer_of(502, known), answer_kind::answered, answer_kind::lost, 502,
         "502 badGateway"},
        {"slow", answer_of(504, "upstream timed out", {}, "text/plain"), answer_kind::answered,
         answer_kind::lost, 504, "504: upstream timed out"},
        {"odd", answer_of(520, ""), answer_kind::answered, answer_kind::lost, 520, "answered 520"},
    };
    for (const fault& each : faults)
        expect_fault(each);
}

TEST(OutreachFaults, SaysWhetherALostRequestWasDone) {
    client_under_test test;
    test.script = [](const recorded_request&) { return scripted_answer{.is_reset = true}; };
    EXPECT_THAT(test.send(post("/tasks", "{}")).problem, HasSubstr("whether it was done is not known"));
    EXPECT_EQ(test.send(patch("/tasks/1", "{}")).what, answer_kind::lost);
    EXPECT_EQ(test.send(remove("/tasks/1")).what, answer_kind::lost);
    EXPECT_THAT(test.send(get("/tasks")).problem, Not(HasSubstr("not known")));
}

/// A kept connection dies as the next request is on it: what reads goes out again, what writes doesn't.
TEST(OutreachFaults, RepeatsOnlyWhatReadsWhereAKeptConnectionDies) {
    client_under_test test;
    std::atomic<int> seen = 0;
    test.script = [&](const recorded_request&) {
        scripted_answer answer = answer_of(200, "{}");
        answer.is_reset = ++seen % 2 == 0;
        return answer;
    };
    EXPECT_TRUE(test.send(get("/1")).is_success());
    EXPECT_TRUE(test.send(get("/2")).is_success()) << "sent twice";
    EXPECT_EQ(test.server.requests().size(), 3U);
    EXPECT_EQ(test.send(post("/3", "{}")).what, answer_kind::lost);
    EXPECT_EQ(test.server.requests().size(), 4U);
}

TEST(OutreachFaults, NothingThereIsUnreachable) {
    client_under_test test;
    test.configured.base_url = "http://127.0.0.1:" + std::to_string(unused_port()) + "/api/v2";
    for (const api_request& request : {get("/tasks"), post("/tasks", "{}")}) {
        const api_answer said = test.send(request);
        EXPECT_EQ(said.what, answer_kind::unreachable);
        EXPECT_THAT(said.problem, HasSubstr("onnect"));
    }
    EXPECT_EQ(test.send(post("/tasks", "{}"), milliseconds{-1}).what, answer_kind::unreachable);
    EXPECT_TRUE(test.seen.empty()) << "no request of which metrics should know";
}

TEST(OutreachFaults, EndsAnAnswerOf50MB) {
    client_under_test test;
    std::string body = R"({"data":")" + std::string(50UL * 1024 * 1024, 'x') + R"("})";
    const scripted_answer huge = answer_of(200, body);
    const scripted_answer large =
        answer_of(200, R"({"data":")" + std::string(15UL * 1024 * 1024, 'x') + R"("})");
    test.script = [&](const recorded_request& request) {
        return request.line.find("huge") != std::string::npos ? huge : large;
    };
    const api_answer said = test.send(get("/huge"));
    EXPECT_EQ(said.what, answer_kind::answered);
    EXPECT_THAT(said.problem, AllOf(HasSubstr("more than 16 MiB"), HasSubstr("page[size]")));
    EXPECT_LE(said.body.size(), 16UL * 1024 * 1024);
    EXPECT_TRUE(test.send(get("/large")).is_success());
}

TEST(OutreachFaults, FollowsNoRedirect) {
    scripted_server elsewhere{[](const recorded_request&) { return answer_of(200, "{}"); }};
    client_under_test test;
    test.script = [&](const recorded_request&) {
        return answer_of(302, "", "Location: " + origin_of(elsewhere) + "/login?token=x\r\n");
    };
    const api_answer said = test.send(get("/tasks"));
    EXPECT_EQ(said.what, answer_kind::answered);
    EXPECT_EQ(said.status, 302);
    EXPECT_THAT(said.problem, AllOf(HasSubstr("a redirect to " + origin_of(elsewhere) + "/login,"),
                                    HasSubstr("base_url"), Not(HasSubstr("token=x"))));
    EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(OutreachFaults, EverybodyWaitsAfterA429) {
    client_under_test test;
    test.script = [](const recorded_request&) {
        return answer_of(429, R"({"errors":[{"id":"rateLimitExceeded","detail":"10000 per hour"}]})",
                         "Retry-After: 30\r\n");
    };
    const api_answer first = test.send(post("/tasks", "{}"));
    EXPECT_EQ(first.what, answer_kind::later);
    EXPECT_EQ(first.until, test.clock.now() + seconds{30});
    EXPECT_THAT(first.problem, AllOf(HasSubstr("429 rateLimitExceeded"), HasSubstr(", until ")));
    EXPECT_EQ(test.by(caller::operator_command).send(get("/tasks"), in()).what, answer_kind::later);
    EXPECT_EQ(test.server.requests().size(), 1U);
}

TEST(OutreachFaults, WaitsForTheEndOfAMaintenance) {
    for (const char* headers : {"Retry-After: ISO\r\n", "Retry-After: 40\r\n"}) {
        client_under_test test;
        std::string written = headers;
        if (const std::size_t at = written.find("ISO"); at != std::string::npos)
            written.replace(at, 3, to_rfc3339(test.clock.now() + seconds{40}));
        test.script = [&](const recorded_request&) {
            return answer_of(503, R"({"errors":[{"id":"scheduledServerMaintenance"}]})", written);
        };
        const api_answer said = test.send(get("/tasks"));
        EXPECT_EQ(said.what, answer_kind::later);
        EXPECT_EQ(said.status, 503);
        EXPECT_EQ(said.until, test.clock.now() + seconds{40});
        EXPECT_EQ(test.send(get("/tasks")).what, answer_kind::later);
        EXPECT_EQ(test.server.requests().size(), 1U);
    }
    for (const char* headers : {"", "Retry-After: 0\r\n", "Retry-After: 2020-01-01T00:00:00Z\r\n"}) {
        client_under_test test;
        test.script = [&](const recorded_request&) {
            return answer_of(503, R"({"errors":[{"id":"scheduledServerMaintenance"}]})", headers);
        };
        EXPECT_EQ(test.send(get("/tasks")).until, test.clock.now() + minutes{1}) << headers;
    }
}

/// The attempt has its time, and the token one of its own: nothing was tried in vain.
TEST(OutreachFaults, ATokenThatComesTooLateCostsNoAttempt) {
    client_under_test test;
    test.use_oauth();
    test.script = [](const recorded_request& request) {
        if (!request.line.starts_with("POST /oauth/token "))
            return answer_of(200, R"({"data":[]})");
        std::this_thread::sleep_for(milliseconds{300});
        return grant_of("access-planted-1", "refresh-planted-1");
    };
    const api_answer said = test.send(post("/tasks", "{}"), milliseconds{200});
    EXPECT_EQ(said.what, answer_kind::later) << said.problem;
    EXPECT_THAT(said.problem, HasSubstr("had given the access token"));
    EXPECT_EQ(test.server.requests().size(), 1U) << "nothing but the token was asked for";
    EXPECT_TRUE(test.send(post("/tasks", "{}")).is_success());
}

/// The server repeats whatever it was sent, in every way that we show.
TEST(OutreachFaults, ShowsNoTokenWhateverIsAnswered) {
    for (const int status : {200, 302, 400, 401, 403, 422, 429, 500, 503})
        for (const char* type : {"application/json", "text/plain", "text/html"}) {
            client_under_test test;
            test.script = [&](const recorded_request& request) {
                const std::string token = request.headers.contains("authorization")
                                              ? request.headers.at("authorization")
                                              : std::string{};
                const std::string filler(status % 2 == 0 ? 0 : 245, 'x'); // cut in the middle of it
                return answer_of(status,
                                 type == std::string_view{"application/json"}
                                     ? R"({"errors":[{"id":")" + filler + token + R"(","detail":")" + token +
                                           R"(","source":{"pointer":")" + token + R"("}}]})"
                                     : filler + token,
                                 "Location: /" + token + "\r\nRetry-After: " + token + "\r\n", type);
            };
            const api_answer said = test.send(post("/tasks", "{}"));
            EXPECT_THAT(said.problem, Not(HasSubstr("planted"))) << status << type;
            EXPECT_THAT(said.problem, Not(HasSubstr("fixed-token"))) << status << type;
            if (!said.is_success()) { // what is used is as it came
                EXPECT_THAT(said.body, Not(HasSubstr("planted"))) << status << type;
                for (const header& each : said.headers)
                    EXPECT_THAT(each.value, Not(HasSubstr("planted"))) << status << type;
            }
            for (const api_error& error : said.errors)
                EXPECT_THAT(error.id + error.detail + error.pointer, Not(HasSubstr("planted")));
        }
}

} // namespace
} // namespace outreachd::handlers::outreach
