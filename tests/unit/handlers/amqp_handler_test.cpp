/// What the `amqp` handler publishes, and what it takes the broker's word for.
#include "handlers/registry.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/handlers/handler_at_rabbitmq.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AmqpHandler : public handler_at_rabbitmq {};

TEST_F(AmqpHandler, PublishesTheEventWithItsProperties) {
    auto subject = make_event(task_body);
    subject->content_type = "application/vnd.api+json";
    subject->headers = {{"Outreach-Org-Id", "o-1"}};
    subject->cleanup_token = secret{"credential"};
    attempt what = make_attempt(task_body);
    what.subject = subject;
    EXPECT_EQ(make()->handle(what).verdict, outcome::kind::done);

    const auto got = receive();
    EXPECT_EQ(got.exchange, "events");
    EXPECT_EQ(got.routing_key, "task.completed");
    EXPECT_EQ(got.what.body, task_body);
    EXPECT_EQ(got.what.message_id, "019aa000-0000-7000-8000-000000000001");
    EXPECT_EQ(got.what.type, "task.completed");
    EXPECT_EQ(got.what.content_type, "application/vnd.api+json");
    EXPECT_EQ(got.what.app_id, "outreachd");
    EXPECT_EQ(got.what.timestamp, 1795249375U);
    auto headers = headers_of(got);
    EXPECT_EQ(headers["outreachd_delivery_id"], "019aa000-0000-5000-8000-000000000002");
    EXPECT_EQ(headers["outreachd_endpoint"], "/webhooks/outreach");
    EXPECT_EQ(headers["cloudEvents_subject"], "task/7");
    EXPECT_EQ(headers["cloudEvents_source"], "outreach");
    EXPECT_EQ(headers["Outreach-Org-Id"], "o-1");
    EXPECT_THAT(headers["traceparent"], StartsWith("00-019aa000000070008000000000000001-"));
    for (const auto& [name, value] : headers)
        EXPECT_NE(value, "credential") << name;
}

TEST_F(AmqpHandler, FillsRoutingKeyAndHeadersIn) {
    configured_.routing_key = "task.${{ .data.id }}";
    configured_.headers = {{"region", "${{ .data.attributes.region }}"},
                           {"all", "${{ .data.attributes }}"},
                           {"plain", "text"},
                           {"cloudEvents_source", "urn:crm"}};
    EXPECT_EQ(make()->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    const auto got = receive();
    EXPECT_EQ(got.routing_key, "task.7");
    auto headers = headers_of(got);
    EXPECT_EQ(headers["region"], "n\xC3\xB6rd");
    EXPECT_EQ(headers["all"], "{\"region\":\"n\xC3\xB6rd\"}");
    EXPECT_EQ(headers["plain"], "text");
    EXPECT_EQ(headers["cloudEvents_source"], "urn:crm");
}

TEST_F(AmqpHandler, IsDeadWhereAnExpressionGivesWhatCantBeSent) {
    struct bad_text {
        const char* label;
        std::string routing_key;
        std::string header;
        const char* reason;
    };

    const bad_text texts[] = {
        {"key of 256 bytes", "${{ \"x\" * 256 }}", "a",
         "routing_key: what its expressions give has 256 bytes"},
        {"null as key", "${{ .nothing }}", "a", "routing_key: ${{ .nothing }}: gives null"},
        {"line break in a header", "task.a", "${{ \"a\\nb\" }}",
         "headers.h: ${{ \"a\\nb\" }}: gives a line break"},
        {"jq fails", "task.a", "${{ .data.id.x }}", "headers.h: ${{ .data.id.x }}: jq: "},
        {"headers over a frame", "task.a", "${{ \"x\" * 140000 }}", "the headers take"}};
    for (const bad_text& bad : texts) {
        configured_.routing_key = bad.routing_key;
        configured_.headers = {{"h", bad.header}};
        const outcome said = make()->handle(make_attempt(task_body));
        EXPECT_EQ(said.verdict, outcome::kind::dead) << bad.label;
        EXPECT_THAT(said.reason, HasSubstr(bad.reason)) << bad.label;
    }
    configured_.headers.clear();
    configured_.routing_key = "task.${{ \"x\" * 250 }}";
    EXPECT_EQ(make()->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().routing_key.size(), 255U);
}

TEST_F(AmqpHandler, PublishesToTheDefaultExchange) {
    configured_.exchange = "";
    configured_.routing_key = "q";
    configured_.is_mandatory = true;
    EXPECT_EQ(make()->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().what.body, task_body);
}

TEST_F(AmqpHandler, LosesNothingInSilenceWhereItIsMandatory) {
    configured_.routing_key = "nobody.listens";
    EXPECT_EQ(make()->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    configured_.is_mandatory = true;
    const auto handling = make();
    const outcome said = handling->handle(make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason, AllOf(HasSubstr("exchange 'events'"), HasSubstr("no queue is bound"),
                                   HasSubstr("'nobody.listens'")));
    bind("q", "events", "nobody.*");
    EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_EQ(receive().routing_key, "nobody.listens");
}

TEST_F(AmqpHandler, TriesAgainUntilTheExchangeIsThere) {
    configured_.exchange = "later";
    const auto handling = make();
    for (int n = 0; n < 2; ++n) {
        const outcome said = handling->handle(make_attempt(task_body));
        expect_retry(said);
        EXPECT_THAT(said.reason, HasSubstr("NOT_FOUND - no exchange 'later'"));
    }
    reader_.declare_topic_exchange(1, "later");
    EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
}

TEST_F(AmqpHandler, TriesAgainWhatAFullQueueRefuses) {
    reader_.declare_queue(1, "full",
                          {.kind = amqp_connection::queue_kind::classic, .rejects_when_full = true});
    node_.ctl({"set_policy", "--vhost", vhost_, "small", "full", R"({"max-length":1})"});
    configured_.exchange = "";
    configured_.routing_key = "full";
    const auto handling = make();
    outcome said;
    for (int n = 0; n < 10 && said.verdict == outcome::kind::done; ++n)
        said = handling->handle(make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason, HasSubstr("refuses the message (nack)"));
}

TEST_F(AmqpHandler, IsDeadWhereTheBrokerNeverTakesIt) {
    const outcome said = with_size_limit(10, [this] { return make()->handle(make_attempt(task_body)); });
    EXPECT_EQ(said.verdict, outcome::kind::dead);
    EXPECT_THAT(said.reason, HasSubstr("PRECONDITION_FAILED - message size"));
}

TEST_F(AmqpHandler, TriesAgainWithoutALoginAndTellsNoPassword) {
    configured_.nodes.uris = {
        secret{"amqp://guest:wrong-word@127.0.0.1:" + std::to_string(node_.port()) + "/" + vhost_}};
    const outcome said = make()->handle(make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason,
                AllOf(HasSubstr("ACCESS_REFUSED"), Not(HasSubstr("wrong-word")), Not(HasSubstr("guest"))));
}

TEST_F(AmqpHandler, TriesAgainWhereNobodyListens) {
    configured_.nodes.uris = {
        secret{"amqp://127.0.0.1:" + std::to_string(test_servers::unused_port()) + "/" + vhost_}};
    const outcome said = make()->handle(make_attempt(task_body));
    expect_retry(said);
    EXPECT_THAT(said.reason, HasSubstr("Connection refused"));
}

TEST_F(AmqpHandler, IsMadeFromSettings) {
    log::logger log(log::level::error, log::format::json);
    settings::handler one;
    one.name = "bus";
    one.type = configured_;
    const auto handling = make_handler(one, log, std::make_shared<expression::engine>(1));
    EXPECT_EQ(handling->handle(make_attempt(task_body)).verdict, outcome::kind::done);
    EXPECT_THAT(node_.ctl({"list_connections", "--silent", "vhost", "client_properties"}),
                HasSubstr("{\"connection_name\",\"outreachd handler bus\"}"));
}

} // namespace
} // namespace outreachd::handlers
