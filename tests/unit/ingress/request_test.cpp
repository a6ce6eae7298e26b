#include "daemon/ingress/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

endpoint_table one_endpoint() {
    settings::endpoint configured;
    configured.path = "/webhooks/outreach";
    configured.secrets.emplace_back("s");
    return endpoint_table{{configured}};
}

request_head parse(std::string_view bytes) {
    head_gate gate(16 * 1024);
    EXPECT_EQ(gate.look(bytes), head_state::complete) << gate.refusal().reason;
    return gate.head();
}

TEST(PathOf, LeavesTheQueryOut) {
    EXPECT_EQ(path_of("/a/b"), "/a/b");
    EXPECT_EQ(path_of("/a?b=/c?d"), "/a");
    EXPECT_EQ(path_of("/?"), "/");
    EXPECT_EQ(path_of(""), "");
}

TEST(EndpointTable, FindsThePathExactly) {
    const endpoint_table table = one_endpoint();
    ASSERT_NE(table.find("/webhooks/outreach"), nullptr);
    EXPECT_EQ(table.find("/webhooks/outreach")->source, "outreach");
    for (const char* const path :
         {"", "/", "/webhooks/outreach/", "/webhooks/Outreach", "/webhooks/outreach2"})
        EXPECT_EQ(table.find(path), nullptr) << path;
}

TEST(JudgeHead, JudgesPathThenMethodThenSize) {
    struct example {
        const char* label;
        const char* head;
        std::optional<request_outcome> refusal;
    };

    const example examples[] = {
        {"wanted", "POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n", std::nullopt},
        {"query", "POST /webhooks/outreach?a=b HTTP/1.1\r\nHost: h\r\n\r\n", std::nullopt},
        {"one byte more", "POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n",
         request_outcome::body_too_large},
        {"method before size", "PUT /webhooks/outreach HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n",
         request_outcome::bad_method},
        {"methods have a case", "post /webhooks/outreach HTTP/1.1\r\nHost: h\r\n\r\n",
         request_outcome::bad_method},
        {"path before method", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n",
         request_outcome::not_found},
    };
    const endpoint_table table = one_endpoint();
    for (const example& one : examples) {
        const request_head head = parse(one.head);
        EXPECT_EQ(judge_head(head, table.find(path_of(head.target)), 10), one.refusal) << one.label;
    }
}

TEST(MakeRequest, KeepsOutreachsHeadersAndSetsCredentialsApart) {
    const endpoint_table table = one_endpoint();
    const request_head head = parse("POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\n"
                                    "content-TYPE: application/vnd.api+json\r\n"
                                    "OUTREACH-webhook-Signature: abc \r\n"
                                    "Outreach-Webhook-Cleanup-Token: t0ken\r\n"
                                    "outreach-webhook-event-id: e-1\r\n"
                                    "Outreach-Org-Id: o-1\r\n"
                                    "X-Outreach-Org-Id: no\r\nOutreach: no\r\nOutreach-: no\r\n"
                                    "Outreach-Webhook-Signature: def\r\n\r\n");
    const received_request request = make_request(head, table.all().front(), "203.0.113.9");
    EXPECT_EQ(request.endpoint, "/webhooks/outreach");
    EXPECT_EQ(request.source, "outreach");
    EXPECT_EQ(request.peer, "203.0.113.9");
    EXPECT_EQ(request.content_type, "application/vnd.api+json");
    EXPECT_EQ(request.outreach_event_id, "e-1");
    EXPECT_EQ(request.cleanup_token.reveal(), "t0ken");
    EXPECT_THAT(request.signatures, ElementsAre("abc", "def"));
    EXPECT_THAT(request.headers,
                ElementsAre(header{"outreach-webhook-event-id", "e-1"}, header{"Outreach-Org-Id", "o-1"}));
}

TEST(MakeRequest, KeepsTheTraceOfAProxyUnlessItIsBrokenOrAmbiguous) {
    const endpoint_table table = one_endpoint();
    const std::string one = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    const auto headers_of = [&](const std::string& fields) {
        const std::string bytes = "POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
        const request_head head = parse(bytes);
        return make_request(head, table.all().front(), "").headers;
    };
    EXPECT_THAT(
        headers_of("Traceparent: 00-" + one),
        ElementsAre(header{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}));
    EXPECT_THAT(
        headers_of("traceparent: 01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more\r\n"),
        ElementsAre(header{"traceparent", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}));
    EXPECT_THAT(headers_of("traceparent: ff-" + one), IsEmpty());
    EXPECT_THAT(headers_of("traceparent: 00-" + one + "traceparent: 00-" + one), IsEmpty());
}

TEST(MakeRequest, TakesARequestWithoutAnyOfThem) {
    const endpoint_table table = one_endpoint();
    const request_head head = parse("POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\n\r\n");
    const received_request request = make_request(head, table.all().front(), "");
    EXPECT_TRUE(request.signatures.empty());
    EXPECT_TRUE(request.headers.empty());
    EXPECT_TRUE(request.content_type.empty());
    EXPECT_TRUE(request.cleanup_token.empty());
}

TEST(SecondOpinion, AgreesWithTheGateOnWhatIsPlain) {
    for (const std::string_view bytes : {
             "POST /a HTTP/1.1\r\nHost: h\r\n\r\n",
             "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
             "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n",
             "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
             "POST /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n",
             "BREW /a?b HTTP/1.1\r\nHost: h:1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
         })
        EXPECT_TRUE(second_opinion_agrees(bytes, parse(bytes))) << bytes;
}

TEST(SecondOpinion, AgreesWithAHeadLongerThanBeastsOwnLimit) {
    const std::string bytes = "POST /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(12'000, 'x') + "\r\n\r\n";
    EXPECT_TRUE(second_opinion_agrees(bytes, parse(bytes)));
}

TEST(SecondOpinion, DisagreesWithAnotherFraming) {
    const std::string_view bytes = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n";
    request_head head = parse(bytes);
    head.content_length = 4;
    EXPECT_FALSE(second_opinion_agrees(bytes, head));
    head.framing = body_framing::chunked;
    EXPECT_FALSE(second_opinion_agrees(bytes, head));
    head.framing = body_framing::none;
    EXPECT_FALSE(second_opinion_agrees(bytes, head));
}

TEST(SecondOpinion, DisagreesWithWhatBeastRefuses) {
    const request_head head;
    for (const std::string_view bytes : {
             "", "POST /a HTTP/1.1\r\nHost: h\r\n", // No end.
             "POST /a HTTP/2.0\r\nHost: h\r\n\r\n",
             "POST /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             "POST /a HTTP/1.1\r\nHost: h\r\n\r\nX", // More than one head.
         })
        EXPECT_FALSE(second_opinion_agrees(bytes, head)) << bytes;
}

} // namespace
} // namespace outreachd::ingress
