#include "daemon/amqp_connection/event_message.hpp"
#include "daemon/event/event_reader.hpp"
#include "daemon/event/trace_parent.hpp"
#include "daemon/text/ascii.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace outreachd::amqp_connection {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* body_text =
    R"({"data":{"type":"task","id":"17","attributes":{"action":"call"}},)"
    R"("meta":{"eventName":"task.completed","deliveredAt":"2026-11-21T08:22:50Z","jobId":"j1"}})";

const wall_time now = *parse_timestamp("2026-12-01T10:00:00.000001Z");

event make_event() {
    event made;
    made.id = *parse_event_id("019aa000-0000-7000-8000-000000000001");
    made.facts = read_event(body_text);
    made.received_at = *parse_timestamp("2026-11-21T08:22:55.123456Z");
    made.endpoint = "/webhooks/outreach";
    made.source = "outreach";
    made.content_type = "application/vnd.api+json; charset=utf-8";
    made.outreach_event_id = "e-1";
    made.headers = {{"Outreach-Webhook-Event-Id", "e-1"}, {"outreach-org-id", "o\t\xFF"}};
    made.cleanup_token = secret{"credential"};
    made.body = body_text;
    made.body_digest = sha256(made.body);
    return made;
}

std::string value_of(const message& what, std::string_view name) {
    std::string found;
    for (const header& one : what.headers)
        if (one.name == name)
            found += one.value;
    return found;
}

std::size_t header_bytes(const message& what) {
    std::size_t total = 0;
    for (const header& one : what.headers)
        total += one.name.size() + one.value.size() + 6;
    return total;
}

delivered as_delivered(message what) {
    delivered made;
    made.what = std::move(what);
    return made;
}

/// A message of another program, with a body that says little.
message foreign(std::string message_id = {}) {
    message made;
    made.message_id = std::move(message_id);
    made.body = "{}";
    return made;
}

TEST(EventMessage, HasThePropertiesThatProgramsRelyOn) {
    const message made = to_message(make_event());
    EXPECT_EQ(made.message_id, "019aa000-0000-7000-8000-000000000001");
    EXPECT_EQ(made.type, "task.completed");
    EXPECT_EQ(made.content_type, "application/vnd.api+json; charset=utf-8");
    EXPECT_EQ(made.app_id, "outreachd");
    EXPECT_EQ(made.timestamp, 1795249375U);
    EXPECT_EQ(made.body, body_text);
    EXPECT_EQ(value_of(made, "cloudEvents_specversion"), "1.0");
    EXPECT_EQ(value_of(made, "cloudEvents_id"), made.message_id);
    EXPECT_EQ(value_of(made, "cloudEvents_source"), "outreach");
    EXPECT_EQ(value_of(made, "cloudEvents_type"), "task.completed");
    EXPECT_EQ(value_of(made, "cloudEvents_subject"), "task/17");
    EXPECT_EQ(value_of(made, "cloudEvents_time"), "2026-11-21T08:22:55.123456Z");
    EXPECT_THAT(value_of(made, "traceparent"), StartsWith("00-019aa000000070008000000000000001-"));
    EXPECT_EQ(value_of(made, "outreachd_endpoint"), "/webhooks/outreach");
    EXPECT_EQ(value_of(made, "Outreach-Webhook-Event-Id"), "e-1");
    EXPECT_EQ(value_of(made, "outreach-org-id"), "o\t\xFF");
    EXPECT_EQ(made.headers.size(), 10U);
}

TEST(EventMessage, ComesBackAsTheSameEvent) {
    const event sent = make_event();
    const event back = to_event(as_delivered(to_message(sent)), now);
    EXPECT_EQ(back.id, sent.id);
    EXPECT_EQ(back.facts.name, "task.completed");
    EXPECT_EQ(back.facts.resource_id, "17");
    EXPECT_EQ(back.facts.job_id, "j1");
    EXPECT_EQ(back.facts.delivered_at, sent.facts.delivered_at);
    EXPECT_EQ(back.received_at, sent.received_at);
    EXPECT_EQ(back.endpoint, sent.endpoint);
    EXPECT_EQ(back.source, sent.source);
    EXPECT_EQ(back.content_type, sent.content_type);
    EXPECT_EQ(back.outreach_event_id, sent.outreach_event_id);
    EXPECT_EQ(back.headers, sent.headers);
    EXPECT_EQ(back.body, sent.body);
    EXPECT_EQ(back.body_digest, sent.body_digest);
    EXPECT_TRUE(back.cleanup_token.empty());
    EXPECT_EQ(back.origin, event_origin::queue) << "whatever the sender knew, the message proves nothing";
}

TEST(EventMessage, GoesOnWithTheTraceOfTheRequest) {
    event sent = make_event();
    sent.headers.push_back({"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
    const message made = to_message(sent);
    EXPECT_EQ(made.headers.size(), 10U) << "one traceparent";
    const event back = to_event(as_delivered(made), now);
    EXPECT_EQ(trace_id_of(back), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(back.headers.back().value, value_of(made, "traceparent")) << "the publishing is the parent";
}

TEST(EventMessage, KeepsBytesThatAreNoJson) {
    event sent = make_event();
    sent.body = std::string{"\0\xFF", 2};
    sent.body_digest = sha256(sent.body);
    sent.facts = read_event(sent.body);
    const message made = to_message(sent);
    EXPECT_EQ(made.type, "unknown");
    EXPECT_THAT(value_of(made, "cloudEvents_subject"), IsEmpty());
    EXPECT_EQ(to_event(as_delivered(made), now).body, sent.body);
}

TEST(EventMessage, ReplacesANameAndATypeThatAMQPCantCarry) {
    struct odd_text {
        const char* label;
        std::string text;
        bool is_kept;
    };

    const odd_text texts[] = {{"255 bytes", std::string(255, 'a'), true},
                              {"256 bytes", std::string(256, 'a'), false},
                              {"no UTF-8", "text/\xFFplain", false}};
    for (const odd_text& odd : texts) {
        event sent = make_event();
        sent.facts.name = odd.text;
        sent.content_type = odd.text;
        const message made = to_message(sent);
        EXPECT_EQ(made.type, odd.is_kept ? odd.text : "unknown") << odd.label;
        EXPECT_EQ(made.content_type, odd.is_kept ? odd.text : "unknown") << odd.label;
        EXPECT_EQ(value_of(made, "outreachd_original_type"), odd.is_kept ? "" : odd.text) << odd.label;
        EXPECT_EQ(value_of(made, "outreachd_original_content_type"), odd.is_kept ? "" : odd.text)
            << odd.label;
        EXPECT_EQ(to_event(as_delivered(made), now).content_type, odd.text) << odd.label;
    }
}

TEST(EventMessage, NeverCarriesACredential) {
    event sent = make_event();
    sent.headers.push_back({"Outreach-Webhook-Cleanup-Token", "credential"});
    sent.headers.push_back({"outreach-webhook-signature", "credential"});
    sent.headers.push_back({"Authorization", "credential"});
    message made = to_message(sent);
    for (const header& one : made.headers)
        EXPECT_NE(one.value, "credential") << one.name;

    made.headers.push_back({"Outreach-Webhook-Cleanup-Token", "credential"});
    for (const header& one : to_event(as_delivered(made), now).headers)
        EXPECT_NE(one.value, "credential") << one.name;
}

TEST(EventMessage, LeavesOutTheLargestHeadersAboveItsBound) {
    event sent = make_event();
    const std::size_t own = header_bytes(to_message(sent));
    const std::string name = "outreach-x";
    const std::size_t room = header_bytes_max - own - name.size() - 6;

    sent.headers.push_back({name, std::string(room, 'x')});
    EXPECT_EQ(header_bytes(to_message(sent)), header_bytes_max);

    sent.headers.back().value += 'x';
    sent.headers.push_back({"outreach-y", "small"});
    const message made = to_message(sent);
    EXPECT_THAT(value_of(made, name), IsEmpty());
    EXPECT_EQ(value_of(made, "outreach-y"), "small");
    EXPECT_EQ(value_of(made, "Outreach-Webhook-Event-Id"), "e-1");
}

TEST(EventMessage, LeavesOutNamesThatAreTooLong) {
    event sent = make_event();
    const std::string fits = "outreach-" + std::string(255 - 9, 'x');
    sent.headers = {{fits, "kept"}, {fits + "x", "left out"}};
    const message made = to_message(sent);
    EXPECT_EQ(value_of(made, fits), "kept");
    EXPECT_THAT(value_of(made, fits + "x"), IsEmpty());
}

TEST(EventMessage, IsBoundedWhateverTheBodySays) {
    event sent = make_event();
    sent.facts.resource_id = std::string(1'000'000, '9');
    sent.content_type = std::string(1'000'000, 't');
    const message made = to_message(sent);
    EXPECT_LE(header_bytes(made), header_bytes_max);
    EXPECT_EQ(made.content_type, "unknown");
}

TEST(ForeignMessage, IsAnEventEvenIfItSaysNothing) {
    const event made = to_event(as_delivered(foreign()), now);
    EXPECT_EQ(time_of(made.id), std::chrono::floor<std::chrono::milliseconds>(now));
    EXPECT_EQ(made.facts.name, "unknown");
    EXPECT_EQ(made.received_at, now);
    EXPECT_EQ(made.source, "amqp");
    EXPECT_THAT(made.endpoint, IsEmpty());
    EXPECT_THAT(made.content_type, IsEmpty());
    EXPECT_THAT(made.headers, IsEmpty());
    EXPECT_EQ(made.body_digest, sha256("{}"));
    EXPECT_NE(to_event(as_delivered(foreign()), now).id, made.id);
}

TEST(ForeignMessage, HasTheSameIdEachTimeItComes) {
    const event first = to_event(as_delivered(foreign("42")), now);
    EXPECT_EQ(to_event(as_delivered(foreign("42")), now + std::chrono::seconds{1}).id, first.id);
    EXPECT_EQ(to_string(first.id)[14], '5');
    EXPECT_EQ(to_string(to_event(as_delivered(foreign("019AA000-0000-7000-8000-00000000000F")), now).id),
              "019aa000-0000-7000-8000-00000000000f");
}

TEST(ForeignMessage, IsTakenForNoOtherOneOfItsNumber) {
    const event first = to_event(as_delivered(foreign("42")), now);
    message of_another = foreign("42");
    of_another.app_id = "billing";
    EXPECT_NE(to_event(as_delivered(of_another), now).id, first.id);
    message after_restart = foreign("42");
    after_restart.body = "{ }";
    EXPECT_NE(to_event(as_delivered(after_restart), now).id, first.id);
    EXPECT_NE(to_event(as_delivered(foreign("43")), now).id, first.id);
}

TEST(ForeignMessage, TellsItsTimeInOneOfThreeWays) {
    message what = foreign();
    what.timestamp = 1'700'000'000;
    EXPECT_EQ(to_rfc3339(to_event(as_delivered(what), now).received_at), "2023-11-14T22:13:20.000Z");
    what.headers = {{"cloudEvents:time", "2024-01-02T03:04:05+01:00"}};
    EXPECT_EQ(to_rfc3339(to_event(as_delivered(what), now).received_at), "2024-01-02T02:04:05.000Z");
    what.headers = {{"cloudEvents_time", "yesterday"}};
    what.timestamp = 1'700'000'000'000; // milliseconds, as some programs send them
    EXPECT_EQ(to_event(as_delivered(what), now).received_at, now);
    what.headers = {{"cloudEvents_time", "1969-12-31T23:59:59Z"}};
    EXPECT_EQ(to_event(as_delivered(what), now).received_at, now);
}

TEST(ForeignMessage, NamesItsSourceOrItsProgram) {
    message what = foreign();
    what.app_id = "billing";
    EXPECT_EQ(to_event(as_delivered(what), now).source, "billing");
    what.headers = {{"cloudEvents:source", "urn:crm"}};
    EXPECT_EQ(to_event(as_delivered(what), now).source, "urn:crm");
    what.headers = {{"cloudEvents_source", "not\xFFtext"}};
    EXPECT_EQ(to_event(as_delivered(what), now).source, "billing");
}

TEST(ForeignMessage, BringsNoControlCharacterIn) {
    message what = foreign();
    what.content_type = "text/plain\r\nX: y";
    what.app_id = "a\nb";
    what.headers = {{"Outreach-One", "a\nb"},
                    {"Outreach-\x01Two", "a"},
                    {"outreachd_endpoint", "/x\n"},
                    {"cloudEvents_source", std::string("a\0b", 3)},
                    {"X-Other", "a"},
                    {"Outreach-Three", "kept"}};
    const event made = to_event(as_delivered(what), now);
    EXPECT_THAT(made.content_type, IsEmpty());
    EXPECT_EQ(made.source, "amqp");
    EXPECT_THAT(made.endpoint, IsEmpty());
    EXPECT_EQ(made.headers, (std::vector<header>{{"Outreach-Three", "kept"}}));
}

} // namespace
} // namespace outreachd::amqp_connection
