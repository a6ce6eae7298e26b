/// The client against servers that behave, misbehave, and pretend.
#include "daemon/command_line/http_answer_head.hpp"
#include "daemon/command_line/https_client.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/scratch_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::command_line {
namespace {

using failure_kind = http_failure::kind;
using namespace test_servers;
using testing::HasSubstr;

url url_of(const scripted_server& server, bool is_tls, const std::string& host = "127.0.0.1") {
    return {.is_tls = is_tls, .host = host, .port = server.port(), .target = "/webhooks/outreach"};
}

http_answer post_once(const url& to, const trust& rules = {}) {
    const tls_identity_check check{rules};
    return https_client{to, check}.post("X-Test: 1\r\n", "body", false);
}

TEST(HttpAnswerHead, FindsStatusAndLength) {
    const struct {
        const char* label;
        std::string text;
        int status;
        std::size_t body_bytes;
        bool is_reusable;
    } cases[]{
        {"an empty answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0, true},
        {"a body", "HTTP/1.1 401 Unauthorized\r\ncontent-length: 12\r\n\r\n", 401, 12, true},
        {"close", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n\r\n", 200, 0, false},
        {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, 0, false},
        {"no length", "HTTP/1.1 200 OK\r\n\r\n", 200, 0, false},
        {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0, true},
        {"an old version", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0, false},
        {"an interim answer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n",
         200, 3, true},
    };

    for (const auto& each : cases) {
        const auto head = parse_answer_head(each.text + "abc");
        ASSERT_TRUE(head) << each.label;
        EXPECT_EQ(head->status, each.status) << each.label;
        EXPECT_EQ(head->body_bytes, each.body_bytes) << each.label;
        EXPECT_EQ(head->is_reusable, each.is_reusable) << each.label;
        EXPECT_EQ(head->bytes, each.text.size()) << each.label;
    }
}

TEST(HttpAnswerHead, WaitsForTheWholeAndRefusesOtherProtocols) {
    for (const char* text :
         {"", "HTTP/1.1 200 OK\r\nContent-Le", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
          "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"})
        EXPECT_FALSE(parse_answer_head(text)) << text;
}

TEST(HttpsClient, SendsTheBytesItWasGiven) {
    const scripted_server server{[](const recorded_request&) { return http_ok(); }};
    EXPECT_EQ(post_once(url_of(server, false)).status, 200);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].line, "POST /webhooks/outreach HTTP/1.1");
    EXPECT_EQ(requests[0].headers.at("host"), "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_EQ(requests[0].headers.at("x-test"), "1");
    EXPECT_EQ(requests[0].headers.at("connection"), "close");
    EXPECT_EQ(requests[0].body, "body");
}

TEST(HttpsClient, KeepsItsConnection) {
    const scripted_server server{[](const recorded_request&) { return http_status(401, "no"); },
                                 make_certificate("IP:127.0.0.1")};
    const tls_identity_check check{{.ca_file = {}, .own_certificate_file = {}, .is_insecure = true}};
    https_client client{url_of(server, true), check};
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(client.post("", std::to_string(i), true).status, 401);
    EXPECT_EQ(server.connections(), 1U);
    EXPECT_FALSE(server.requests()[0].headers.contains("connection"));
}

TEST(HttpsClient, OpensAnewWhatTheServerClosedWhileIdle) {
    for (const bool is_tls : {false, true}) {
        const scripted_server server{[](const recorded_request&) {
                                         scripted_answer answer = http_ok();
                                         answer.is_last = true; // Though it didn't say so.
                                         return answer;
                                     },
                                     is_tls ? std::optional{make_certificate("IP:127.0.0.1")} : std::nullopt};
        const tls_identity_check check{{.ca_file = {}, .own_certificate_file = {}, .is_insecure = true}};
        https_client client{url_of(server, is_tls), check};
        EXPECT_EQ(client.post("", "one", true).status, 200);
        server.wait_until_closed(1);
        const http_answer second = client.post("", "two", true);
        EXPECT_EQ(second.status, 200) << (second.failure ? second.failure->text : "");
        EXPECT_EQ(server.connections(), 2U);
    }
}

TEST(HttpsClient, ReportsAResetAsNoAnswer) {
    const scripted_server server{[](const recorded_request&) { return scripted_answer{.is_reset = true}; },
                                 make_certificate("IP:127.0.0.1")};
    const http_answer answer =
        post_once(url_of(server, true), {.ca_file = {}, .own_certificate_file = {}, .is_insecure = true});
    ASSERT_TRUE(answer.failure);
    EXPECT_EQ(answer.failure->what, failure_kind::no_answer);
    EXPECT_THAT(answer.failure->text, HasSubstr("reset"));
    EXPECT_EQ(server.requests().size(), 1U) << "a request that was reset must not be sent again in silence";
}

TEST(HttpsClient, ReportsACloseWithoutAnAnswer) {
    const scripted_server server{[](const recorded_request&) { return scripted_answer{.is_last = true}; }};
    const http_answer answer = post_once(url_of(server, false));
    ASSERT_TRUE(answer.failure);
    EXPECT_EQ(answer.failure->what, failure_kind::no_answer);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpsClient, SaysWhereNothingListens) {
    const std::uint16_t port = unused_port();
    const http_answer answer = post_once({.is_tls = true, .host = "127.0.0.1", .port = port, .target = "/"});
    ASSERT_TRUE(answer.failure);
    EXPECT_EQ(answer.failure->what, failure_kind::not_connected);
    EXPECT_THAT(answer.failure->text,
                HasSubstr("127.0.0.1 port " + std::to_string(port) + ": Connection refused"));
}

TEST(HttpsClient, BelievesOnlyWhomItWasToldTo) {
    const scratch_directory scratch;
    const certificate_pair ours = make_certificate("IP:127.0.0.1");
    const certificate_pair elsewhere = make_certificate("DNS:hooks.example.com");
    const certificate_pair other = make_certificate("IP:127.0.0.1");
    const std::string ours_file = scratch.file("ours.pem", ours.certificate);
    const std::string elsewhere_file = scratch.file("elsewhere.pem", elsewhere.certificate);

    const struct {
        const char* label;
        const certificate_pair& shown;
        trust rules;
        bool is_believed;
    } cases[]{
        {"a stranger", ours, {}, false},
        {"one that --ca names", ours, {.ca_file = ours_file, .own_certificate_file = {}}, true},
        {"another than --ca names", other, {.ca_file = ours_file, .own_certificate_file = {}}, false},
        {"one that --ca names, for another host",
         elsewhere,
         {.ca_file = elsewhere_file, .own_certificate_file = {}},
         false},
        {"the configured one", ours, {.ca_file = {}, .own_certificate_file = ours_file}, true},
        {"the configured one, for another host",
         elsewhere,
         {.ca_file = {}, .own_certificate_file = elsewhere_file},
         true},
        {"another than the configured one", other, {.ca_file = {}, .own_certificate_file = ours_file}, false},
        {"the configured one can't be read",
         ours,
         {.ca_file = {}, .own_certificate_file = scratch.at("missing.pem")},
         false},
        {"anybody with --insecure",
         other,
         {.ca_file = {}, .own_certificate_file = {}, .is_insecure = true},
         true},
    };

    for (const auto& each : cases) {
        const scripted_server server{[](const recorded_request&) { return http_ok(); }, each.shown};
        const http_answer answer = post_once(url_of(server, true), each.rules);
        if (each.is_believed) {
            EXPECT_EQ(answer.status, 200) << each.label << (answer.failure ? answer.failure->text : "");
            continue;
        }
        ASSERT_TRUE(answer.failure) << each.label;
        EXPECT_EQ(answer.failure->what, failure_kind::not_trusted) << each.label;
        EXPECT_THAT(answer.failure->text, HasSubstr("was not accepted: ")) << each.label;
        EXPECT_TRUE(server.requests().empty()) << each.label << ": an event was given to a stranger";
    }
}

TEST(HttpsClient, NamesACaFileThatCannotBeRead) {
    try {
        const tls_identity_check check{{.ca_file = "/nowhere/ca.pem", .own_certificate_file = {}}};
        FAIL() << "it was taken";
    } catch (const std::runtime_error& problem) {
        EXPECT_THAT(problem.what(), HasSubstr("/nowhere/ca.pem"));
    }
}

} // namespace
} // namespace outreachd::command_line
