/// Requests and their answers, over real connections and with a real store.
#include "tests/unit/ingress/ingress_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view body = R"({"data":{"type":"task","id":1},"meta":{"eventName":"task.completed"}})";

std::string post(std::string_view more, std::string_view content = {}) {
    return std::string{"POST "} + test_path + " HTTP/1.1\r\nHost: h\r\n" + std::string{more} + "\r\n" +
           std::string{content};
}

std::string chunked(std::string_view content, std::string_view trailers = {}) {
    return "5\r\n" + std::string{content.substr(0, 5)} + "\r\n" + "1\r\n" +
           std::string{content.substr(5, 1)} + "\r\n0\r\n" + std::string{trailers} + "\r\n";
}

TEST(Ingress, AcceptsAGenuineEventAndItsRepeat) {
    for (const client_kind kind : served_kinds) {
        SCOPED_TRACE(static_cast<int>(kind));
        ingress_under_test server(kind);
        const auto client = server.connect();
        client->send(signed_request(body));
        EXPECT_EQ(status_of(client->receive_response()), 200);
        EXPECT_THAT(server.stored_bodies(), ElementsAre(body));
        client->send(signed_request(body)); // The connection was kept.
        EXPECT_EQ(status_of(client->receive_response()), 200);
        EXPECT_THAT(server.stored_bodies(), ElementsAre(body));
        EXPECT_TRUE(server.has_counted("accepted", 1));
        EXPECT_TRUE(server.has_counted("repeat", 1));
        EXPECT_THAT(server.metrics_text(), HasSubstr("outreachd_events_total{name=\"task.completed\"} 1"));
    }
}

TEST(Ingress, GivesEachRequestItsAnswer) {
    struct example {
        const char* label;
        std::string request;
        int status;
        const char* outcome;
        bool is_kept;
    };

    const std::string signature = signature_line("abcdef");
    const example examples[] = {
        {"not JSON", signed_request("abcdef"), 200, "accepted", true},
        {"empty body", signed_request(""), 200, "accepted", true},
        {"chunked", post(signature + "Transfer-Encoding: chunked\r\n", chunked("abcdef")), 200, "accepted",
         true},
        {"with a trailer", post(signature + "Transfer-Encoding: chunked\r\n", chunked("abcdef", "X: y\r\n")),
         200, "accepted", true},
        {"client closes", signed_request("abcdef", "Connection: close\r\n"), 200, "accepted", false},
        {"query",
         "POST /webhooks/outreach?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n" + signature +
             "\r\nabcdef",
         200, "accepted", true},
        {"unsigned", post("Content-Length: 6\r\n", "abcdef"), 401, "unsigned", true},
        {"another body's signature", post(signature + "Content-Length: 6\r\n", "abcdeF"), 401,
         "bad_signature", true},
        {"two signatures", post(signature + signature + "Content-Length: 6\r\n", "abcdef"), 401,
         "bad_signature", true},
        {"signature as a trailer", post("Transfer-Encoding: chunked\r\n", chunked("abcdef", signature)), 400,
         "malformed", false},
        {"unknown path", "POST /webhooks HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabcdef", 404,
         "not_found", true},
        {"unknown path, chunked",
         "POST /webhooks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("abcdef"), 404,
         "not_found", true},
        {"unknown path, waits to go on",
         "POST /webhooks HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n", 404,
         "not_found", false},
        {"GET", "GET /webhooks/outreach HTTP/1.1\r\nHost: h\r\n\r\n", 405, "bad_method", true},
        {"HTTP/1.0", "POST /webhooks/outreach HTTP/1.0\r\nContent-Length: 6\r\n" + signature + "\r\nabcdef",
         200, "accepted", false},
        {"HTTP/1.0 kept",
         "POST /webhooks/outreach HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 6\r\n" + signature +
             "\r\nabcdef",
         200, "accepted", true},
        {"no Host", "POST /webhooks/outreach HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400, "malformed", false},
        {"two framings", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400,
         "malformed", false},
        {"bad chunk", post("Transfer-Encoding: chunked\r\n", "zz\r\n"), 400, "malformed", false},
        {"unknown path, bad chunk",
         "POST /webhooks HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed",
         false},
    };
    for (const example& one : examples)
        for (const bool is_whole : {true, false}) {
            SCOPED_TRACE(std::string{one.label} + (is_whole ? "" : ", byte by byte"));
            ingress_under_test server(client_kind::plain);
            const auto client = server.connect();
            const std::size_t step = is_whole ? one.request.size() : 1;
            for (std::size_t at = 0; at < one.request.size() && client->send(one.request.substr(at, step));
                 at += step) {
            }
            const std::string response = client->receive_response();
            EXPECT_EQ(status_of(response), one.status);
            EXPECT_TRUE(server.has_counted(one.outcome, 1));
            if (one.is_kept) {
                EXPECT_THAT(response, Not(HasSubstr("Connection: close")));
                client->send(signed_request("next"));
                EXPECT_EQ(status_of(client->receive_response()), 200);
            } else {
                EXPECT_THAT(response, HasSubstr("Connection: close"));
                EXPECT_EQ(client->wait_for_end(), ending::closed);
            }
        }
}

TEST(Ingress, AnswersPipelinedRequestsInOrder) {
    for (const client_kind kind : served_kinds) {
        ingress_under_test server(kind);
        const auto client = server.connect();
        client->send(signed_request("one") + "GET / HTTP/1.1\r\nHost: h\r\n\r\n" + signed_request("two") +
                     post("Content-Length: 3\r\n", "six"));
        for (const int status : {200, 404, 200, 401})
            EXPECT_EQ(status_of(client->receive_response()), status);
        EXPECT_THAT(server.stored_bodies(), ElementsAre("one", "two"));
    }
}

TEST(Ingress, TellsAWaitingClientToGoOn) {
    ingress_under_test server(client_kind::tls_1_3);
    const auto client = server.connect();
    client->send(post(signature_line("abcdef") + "Expect: 100-continue\r\nContent-Length: 6\r\n"));
    EXPECT_EQ(client->receive_response(), "HTTP/1.1 100 Continue\r\n\r\n");
    client->send("abcdef");
    EXPECT_EQ(status_of(client->receive_response()), 200);
}

TEST(Ingress, DoesNotAskForABodyItWouldRefuse) {
    settings::listen listen;
    listen.limits.body_bytes_max = 5;
    ingress_under_test server(client_kind::plain, listen);
    const auto client = server.connect();
    client->send(post("Expect: 100-continue\r\nContent-Length: 6\r\n"));
    EXPECT_EQ(status_of(client->receive_response()), 413);
    EXPECT_EQ(client->wait_for_end(), ending::closed);
}

TEST(Ingress, TakesABodyOfTheLimitAndNoByteMore) {
    settings::listen listen;
    listen.limits.body_bytes_max = 300'000; // Above what is read of an unwanted body.
    for (const client_kind kind : {client_kind::plain, client_kind::tls_1_3}) {
        ingress_under_test server(kind, listen);
        const auto at_limit = server.connect();
        at_limit->send(signed_request(std::string(300'000, 'x')));
        EXPECT_EQ(status_of(at_limit->receive_response()), 200);
        const auto above = server.connect();
        above->send(signed_request(std::string(300'001, 'x')));
        EXPECT_EQ(status_of(above->receive_response()), 413);
        EXPECT_EQ(above->wait_for_end(), ending::closed);
        EXPECT_TRUE(server.has_counted("too_large", 1));
    }
}

TEST(Ingress, TakesAChunkedBodyOfTheLimitAndNoByteMore) {
    settings::listen listen;
    listen.limits.body_bytes_max = 6;
    ingress_under_test server(client_kind::plain, listen);
    const auto send = [&server](const std::string& chunks) {
        const auto client = server.connect();
        client->send(post(signature_line("abcdef") + "Transfer-Encoding: chunked\r\n", chunks));
        return status_of(client->receive_response());
    };
    EXPECT_EQ(send("6\r\nabcdef\r\n0\r\n\r\n"), 200);
    EXPECT_EQ(send("6\r\nabcdef\r\n1\r\ng\r\n0\r\n\r\n"), 413);
}

TEST(Ingress, TakesAHeadOfTheLimitAndNoByteMore) {
    settings::listen listen;
    listen.limits.headers_bytes_max = 600;
    ingress_under_test server(client_kind::plain, listen);
    const auto send = [&server](std::size_t head_bytes) {
        const std::size_t bare = signed_request("", "X: \r\n").size();
        const auto client = server.connect();
        client->send(signed_request("", "X: " + std::string(head_bytes - bare, 'x') + "\r\n"));
        return status_of(client->receive_response());
    };
    EXPECT_EQ(send(600), 200);
    EXPECT_EQ(send(601), 431);
}

TEST(Ingress, ReadsAnUnwantedBodyUpToItsLimitAndClosesAboveIt) {
    ingress_under_test server(client_kind::plain);
    const auto send = [&server](std::size_t bytes) {
        const auto client = server.connect();
        client->send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                     std::string(bytes, 'x'));
        return client->receive_response();
    };
    EXPECT_THAT(send(64 * 1024), Not(HasSubstr("close")));
    EXPECT_THAT(send(64 * 1024 + 1), HasSubstr("Connection: close"));
    EXPECT_TRUE(server.has_counted("not_found", 2));
}

TEST(Ingress, QuarantinesWhatMayBeGenuineAndNothingElse) {
    ingress_under_test server(client_kind::plain);
    const auto send = [&server](const std::string& request) {
        const auto client = server.connect();
        client->send(request);
        return status_of(client->receive_response());
    };
    const std::string other = signature_line("other");
    EXPECT_EQ(send(post(other + "Content-Length: 6\r\nOutreach-Org-Id: o\r\n", "abcdef")), 401);
    EXPECT_EQ(send(post("Outreach-Webhook-Signature: abc\r\nContent-Length: 6\r\n", "abcdef")), 401);
    EXPECT_EQ(send(post("Content-Length: 6\r\n", "abcdef")), 401);
    EXPECT_EQ(send("POST / HTTP/1.1\r\nHost: h\r\n" + other + "Content-Length: 6\r\n\r\nabcdef"), 404);
    EXPECT_EQ(send(signed_request("abcdef")), 200);
    ASSERT_EQ(server.quarantined().size(), 1U);
    const received_request kept = server.quarantined().front();
    EXPECT_EQ(kept.body, "abcdef");
    EXPECT_EQ(kept.peer, "127.0.0.1");
    EXPECT_EQ(kept.endpoint, test_path);
    EXPECT_EQ(kept.signatures.size(), 1U);
    EXPECT_NE(kept.received_at, wall_time{});
}

} // namespace
} // namespace outreachd::ingress
