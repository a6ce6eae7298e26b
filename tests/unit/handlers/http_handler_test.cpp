/// The `http` handler: what it sends, and what it says of the answer.
#include "tests/unit/handlers/http_under_test.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <regex>
#include <set>
#include <thread>

namespace outreachd::handlers {
namespace {

namespace json = boost::json;
using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(HttpHandler, PostsTheBytesAsTheyCame) {
    const std::string body{"\x00\xFF not JSON \r\n", 14};
    const one_delivery its{{}, body, "text/weird; charset=x"};
    EXPECT_EQ(its.said.verdict, outcome::kind::done);
    ASSERT_EQ(its.requests.size(), 1U);
    const recorded_request& got = its.requests[0];
    EXPECT_EQ(got.line, "POST /in HTTP/1.1");
    EXPECT_EQ(got.body, body);
    EXPECT_EQ(got.headers.at("content-type"), "text/weird; charset=x");
    EXPECT_EQ(got.headers.at("user-agent"), "outreachd/" OUTREACHD_VERSION);
    EXPECT_EQ(got.headers.at("idempotency-key"), "019aa000-0000-5000-8000-000000000002");
    EXPECT_TRUE(std::regex_match(got.headers.at("traceparent"),
                                 std::regex{"00-019aa000000070008000000000000001-[0-9a-f]{16}-01"}));
    EXPECT_EQ(got.headers.size(), 7U) << got.head; // with Host, Accept and Content-Length
}

TEST(HttpHandler, InventsNoContentType) {
    const one_delivery its{{}, "{}", ""};
    ASSERT_EQ(its.requests.size(), 1U);
    EXPECT_FALSE(its.requests[0].headers.contains("content-type"));
    const one_delivery odd{{}, "{}", "text/\x01plain"};
    ASSERT_EQ(odd.requests.size(), 1U);
    EXPECT_FALSE(odd.requests[0].headers.contains("content-type"));
}

TEST(HttpHandler, KeepsTheKeyAndTheTraceOverAttemptsAndNotTheSpan) {
    scripted_server server{[](const recorded_request&) { return http_status(503); }};
    const auto handler = make_http(http_to(url_of(server)));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(handler->handle(attempt_at()).verdict, outcome::kind::retry);
    std::set<std::string> keys;
    std::set<std::string> traces;
    std::set<std::string> spans;
    for (const recorded_request& got : server.requests()) {
        keys.insert(got.headers.at("idempotency-key"));
        traces.insert(got.headers.at("traceparent").substr(0, 35));
        spans.insert(got.headers.at("traceparent").substr(36, 16));
    }
    EXPECT_EQ(keys.size(), 1U);
    EXPECT_EQ(traces.size(), 1U);
    EXPECT_EQ(spans.size(), 3U);
    EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpHandler, SendsTheConfiguredHeadersInPlaceOfItsOwn) {
    settings::http_handler configured;
    configured.method = "PUT";
    configured.headers = {{"content-type", "application/x-own"},
                          {"USER-AGENT", "own"},
                          {"Host", "other.example.com"},
                          {"Accept", "text/plain"},
                          {"X-Account", "a; \"b\" 'c' $(d)"}};
    const one_delivery its{configured};
    ASSERT_EQ(its.requests.size(), 1U);
    const recorded_request& got = its.requests[0];
    EXPECT_EQ(got.line, "PUT /in HTTP/1.1");
    EXPECT_EQ(got.headers.at("content-type"), "application/x-own");
    EXPECT_EQ(got.headers.at("user-agent"), "own");
    EXPECT_EQ(got.headers.at("host"), "other.example.com");
    EXPECT_EQ(got.headers.at("accept"), "text/plain");
    EXPECT_EQ(got.headers.at("x-account"), "a; \"b\" 'c' $(d)");
    EXPECT_EQ(got.headers.size(), 8U) << got.head;
}

TEST(HttpHandler, SendsNoContentWithGetAndDelete) {
    for (const char* method : {"GET", "DELETE"}) {
        settings::http_handler configured;
        configured.method = method;
        const one_delivery its{configured};
        ASSERT_EQ(its.requests.size(), 1U);
        EXPECT_THAT(its.requests[0].line, StartsWith(method));
        EXPECT_FALSE(its.requests[0].headers.contains("content-type"));
        EXPECT_FALSE(its.requests[0].headers.contains("content-length"));
    }
    settings::http_handler with_body;
    with_body.method = "DELETE";
    with_body.body = settings::http_body{"why", false};
    const one_delivery its{with_body};
    ASSERT_EQ(its.requests.size(), 1U);
    EXPECT_EQ(its.requests[0].body, "why");
}

TEST(HttpHandler, FillsInUrlHeadersAndBody) {
    settings::http_handler configured;
    configured.url = "/tasks/${{ $event.resource_id }}?note=${{ .data.attributes.note }}";
    configured.headers = {{"X-Name", "the ${{ $event.name }}"}};
    configured.body = settings::http_body{"${{ {note: .data.attributes.note, n: 1} }}", false};
    const one_delivery its{configured};
    EXPECT_THAT(its.said.reason, IsEmpty());
    ASSERT_EQ(its.requests.size(), 1U);
    const recorded_request& got = its.requests[0];
    EXPECT_EQ(got.line, "POST /tasks/123456789012345678901234567890?note=hi HTTP/1.1");
    EXPECT_EQ(got.headers.at("x-name"), "the task.completed");
    EXPECT_EQ(got.headers.at("content-type"), "application/json");
    EXPECT_EQ(json::parse(got.body), json::parse(R"({"note":"hi","n":1})"));
}

TEST(HttpHandler, GivesABodyItsContentType) {
    const struct {
        const char* text;
        bool is_json;
        const char* sent;
        const char* type;
    } cases[]{
        {"just text", false, "just text", "text/plain; charset=utf-8"},
        {"{\"a\": 1}", false, "{\"a\": 1}", "application/json"},
        {"[1, 2", false, "[1, 2", "text/plain; charset=utf-8"},
        {"7", false, "7", "text/plain; charset=utf-8"},
        {"note: ${{ .data.attributes.note }}", false, "note: hi", "text/plain; charset=utf-8"},
        {"${{ .data.attributes.note }}", false, "hi", "text/plain; charset=utf-8"},
        {"${{ .data.attributes }}", false, R"({"note":"hi"})", "application/json"},
        {"${{ 7 }}", false, "7", "application/json"},
        {"${{ null }}", false, "null", "application/json"},
        {R"({"a":"${{ .data.attributes }}","b":"x ${{ .data.attributes.note }}","c":1.10,"d":"1.10"})", true,
         R"({"a":{"note":"hi"},"b":"x hi","c":1.10,"d":"1.10"})", "application/json"},
    };

    for (const auto& each : cases) {
        settings::http_handler configured;
        configured.body = settings::http_body{each.text, each.is_json};
        const one_delivery its{configured};
        ASSERT_EQ(its.requests.size(), 1U) << each.text << " " << its.said.reason;
        EXPECT_EQ(its.requests[0].body, each.sent);
        EXPECT_EQ(its.requests[0].headers.at("content-type"), each.type) << each.text;
    }
    settings::http_handler empty;
    empty.body = settings::http_body{};
    const one_delivery its{empty};
    ASSERT_EQ(its.requests.size(), 1U);
    EXPECT_EQ(its.requests[0].headers.at("content-length"), "0");
    EXPECT_FALSE(its.requests[0].headers.contains("content-type"));
}

TEST(HttpHandler, SendsCloudEvents) {
    settings::http_handler configured;
    configured.format = settings::http_format::cloudevents;
    const one_delivery its{configured};
    ASSERT_EQ(its.requests.size(), 1U);
    EXPECT_EQ(its.requests[0].headers.at("content-type"), "application/cloudevents+json");
    EXPECT_EQ(
        its.requests[0].body,
        std::string{R"({"specversion":"1.0","id":"019aa000-0000-7000-8000-000000000001",)"
                    R"("source":"outreach","type":"task.completed",)"
                    R"("subject":"task/123456789012345678901234567890",)"
                    R"("time":"2026-11-21T08:22:55.123Z","datacontenttype":"application/json","data":)"} +
            task_body + "}");
}

/// Computed with OpenSSL's own HMAC, as a receiver would.
TEST(HttpHandler, SignsWhatItSends) {
    const std::string key = "a key with\x01"
                            "binary";
    settings::http_handler configured;
    configured.sign_key = secret{key};
    configured.body = settings::http_body{"${{ .data.attributes }}", false};
    const one_delivery its{configured};
    ASSERT_EQ(its.requests.size(), 1U);
    const auto& headers = its.requests[0].headers;
    EXPECT_EQ(headers.at("webhook-id"), "019aa000-0000-5000-8000-000000000002");
    // Not std::time: its clock is a coarse one, and may be a second behind.
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    const auto age = now - std::stol(headers.at("webhook-timestamp"));
    EXPECT_TRUE(age >= 0 && age < 60) << age;
    const std::string message =
        headers.at("webhook-id") + "." + headers.at("webhook-timestamp") + "." + its.requests[0].body;
    unsigned char mac[32];
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac, &size);
    unsigned char text[64];
    const int length = EVP_EncodeBlock(text, mac, static_cast<int>(size));
    const std::string expected{reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)};
    EXPECT_EQ(headers.at("webhook-signature"), "v1," + expected);
}

outcome outcome_of(const scripted_answer& answer) {
    return one_delivery{{}, task_body, "application/json", [=](const recorded_request&) { return answer; }}
        .said;
}

TEST(HttpHandler, IsDoneWithAnySuccess) {
    EXPECT_EQ(outcome_of(http_ok("thanks")).verdict, outcome::kind::done);
    EXPECT_EQ(outcome_of({.bytes = "HTTP/1.1 204 No Content\r\n\r\n"}).verdict, outcome::kind::done);
    EXPECT_EQ(
        outcome_of({.bytes = "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}).verdict,
        outcome::kind::done);
}

TEST(HttpHandler, RetriesWhatMayPass) {
    const outcome failed = outcome_of(http_status(500, "oops"));
    EXPECT_EQ(failed.verdict, outcome::kind::retry);
    EXPECT_EQ(failed.last_answer, "oops");
    EXPECT_THAT(failed.reason, AllOf(StartsWith("POST http://127.0.0.1:"), HasSubstr("/in answered 500")));
    const outcome limited =
        outcome_of({.bytes = "HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n"});
    EXPECT_EQ(limited.verdict, outcome::kind::retry);
    EXPECT_EQ(limited.retry_after, std::chrono::seconds{17});
    const std::time_t then = std::time(nullptr) + 100;
    char date[64];
    std::tm parts{};
    std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &parts));
    const outcome dated = outcome_of({.bytes = "HTTP/1.1 503 Down\r\nRetry-After: " + std::string{date} +
                                               "\r\nContent-Length: 0\r\n\r\n"});
    ASSERT_TRUE(dated.retry_after);
    EXPECT_TRUE(*dated.retry_after > std::chrono::seconds{40} &&
                *dated.retry_after <= std::chrono::seconds{100});
}

TEST(HttpHandler, IsDeadWhereNoAttemptCanHelp) {
    const std::string answer(10'000, 'n');
    const outcome refused = outcome_of(http_status(400, answer));
    EXPECT_EQ(refused.verdict, outcome::kind::dead);
    EXPECT_EQ(refused.last_answer, answer.substr(0, 4096));
    const outcome moved =
        outcome_of({.bytes = "HTTP/1.1 307 Moved\r\nLocation: https://elsewhere.example.com/in?key=hidden\r\n"
                             "Content-Length: 0\r\n\r\n"});
    EXPECT_EQ(moved.verdict, outcome::kind::dead);
    EXPECT_THAT(moved.reason, HasSubstr("a redirect to https://elsewhere.example.com/in,"));
}

TEST(HttpHandler, RetriesWhatTheNetworkDid) {
    EXPECT_EQ(outcome_of({.is_reset = true}).verdict, outcome::kind::retry);
    EXPECT_EQ(outcome_of({.is_last = true}).verdict, outcome::kind::retry);
    EXPECT_EQ(
        outcome_of({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", .is_last = true}).verdict,
        outcome::kind::retry);
    scripted_server silent{[](const recorded_request&) { return scripted_answer{}; }};
    const outcome late =
        make_http(http_to(url_of(silent)))
            ->handle(attempt_at(task_body, "application/json", std::chrono::milliseconds{300}));
    EXPECT_EQ(late.verdict, outcome::kind::retry);
    EXPECT_THAT(late.reason, HasSubstr("/in: no answer within "));
    const outcome nobody =
        make_http(http_to("http://127.0.0.1:" + std::to_string(unused_port()) + "/"))->handle(attempt_at());
    EXPECT_EQ(nobody.verdict, outcome::kind::retry);
    const outcome unknown =
        make_http(http_to("http://no-such-host.invalid/in?key=hidden"))->handle(attempt_at());
    EXPECT_EQ(unknown.verdict, outcome::kind::retry);
    EXPECT_THAT(unknown.reason,
                AllOf(HasSubstr("http://no-such-host.invalid/in: "), Not(HasSubstr("hidden"))));
}

TEST(HttpHandler, SaysNoSecretInAReason) {
    settings::http_handler configured;
    configured.url = "/in?token=hidden1";
    configured.headers = {{"Authorization", "Bearer hidden2"}};
    configured.sign_key = secret{"hidden3"};
    for (const scripted_answer& answer :
         {http_status(500), http_status(400), scripted_answer{.is_reset = true}}) {
        const one_delivery its{configured, R"({"a":"hidden4"})", "application/json",
                               [=](const recorded_request&) { return answer; }};
        EXPECT_THAT(its.said.reason, Not(HasSubstr("hidden")));
        EXPECT_THAT(its.said.reason, Not(IsEmpty()));
    }
}

TEST(HttpHandler, SaysNoPathThatMayBeASecret) {
    settings::http_handler configured;
    configured.url = "/services/hidden";
    configured.hides_path = true;
    const scripted_answer moved{
        "HTTP/1.1 308 Moved\r\nLocation: /services/hidden/\r\nContent-Length: 0\r\n\r\n"};
    for (const scripted_answer& answer : {http_status(500), moved}) {
        const one_delivery its{configured, "{}", "application/json",
                               [=](const recorded_request&) { return answer; }};
        EXPECT_THAT(its.said.reason, Not(HasSubstr("hidden")));
        EXPECT_THAT(its.said.reason, HasSubstr("127.0.0.1"));
    }
}

TEST(HttpHandler, ServesManyThreads) {
    scripted_server server{[](const recorded_request&) { return http_ok(); }};
    const auto handler = make_http(http_to(url_of(server)));
    {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < 8; ++worker)
            workers.emplace_back([&] {
                for (int i = 0; i < 25; ++i)
                    EXPECT_EQ(handler->handle(attempt_at()).verdict, outcome::kind::done);
            });
    }
    EXPECT_EQ(server.requests().size(), 200U);
    EXPECT_LE(server.connections(), 8U);
}

} // namespace
} // namespace outreachd::handlers
