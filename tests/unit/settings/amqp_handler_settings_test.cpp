/// A handler of type `amqp`, as the configuration says it.
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

loaded load_handler(const std::string& keys, const std::string& queue = {}) {
    return parse_settings(std::string{least} + queue +
                          "routes: [{match: a, to: [bus]}]\nhandlers:\n  bus:\n    type: amqp\n" + keys);
}

amqp_handler handler_of(const loaded& from) {
    EXPECT_THAT(lines_of(from.errors), IsEmpty());
    return from.settings.handlers.empty() ? amqp_handler{}
                                          : std::get<amqp_handler>(from.settings.handlers.front().type);
}

TEST(AmqpHandlerSettings, NeedAnExchangeAndANode) {
    const loaded result = load_handler("    exchange: crm.events\n    uri: amqp://localhost\n");
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    const amqp_handler read = handler_of(result);
    amqp_handler expected;
    expected.exchange = "crm.events";
    expected.nodes.uris = {secret{"amqp://localhost"}};
    EXPECT_TRUE(read == expected);
    EXPECT_EQ(read.routing_key, "${{ $event.name }}");
    EXPECT_FALSE(read.is_mandatory);
}

TEST(AmqpHandlerSettings, TakeEveryKey) {
    const temporary_folder folder;
    const std::string pem = make_certificate().pem;
    const std::string ca = folder.write("ca.pem", pem);
    const variable uri{"OUTREACHD_TEST_URI", "amqps://me:s3cret@a.example.com/v"};
    const loaded result = load_handler("    exchange: amq.topic\n"
                                       "    uri: [{env: OUTREACHD_TEST_URI}, amqps://b.example.com/v]\n"
                                       "    routing_key: \"crm.${{ .data.type }}\"\n"
                                       "    headers: {region: \"${{ .r }}\", n: 5, \"X y\xC3\xA4\": a}\n"
                                       "    mandatory: true\n"
                                       "    ca: " +
                                       ca + "\n");
    const amqp_handler read = handler_of(result);
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    EXPECT_EQ(read.exchange, "amq.topic");
    EXPECT_EQ(read.nodes.uris,
              (std::vector{secret{"amqps://me:s3cret@a.example.com/v"}, secret{"amqps://b.example.com/v"}}));
    EXPECT_EQ(read.nodes.ca, pem);
    EXPECT_EQ(read.routing_key, "crm.${{ .data.type }}");
    EXPECT_THAT(read.headers,
                ElementsAre(header{"region", "${{ .r }}"}, header{"n", "5"}, header{"X y\xC3\xA4", "a"}));
    EXPECT_TRUE(read.is_mandatory);
}

TEST(AmqpHandlerSettings, TakeTheDefaultExchangeAndAnEmptyRoutingKey) {
    const amqp_handler read =
        handler_of(load_handler("    exchange: \"\"\n    routing_key: \"\"\n    uri: amqp://localhost\n"));
    EXPECT_EQ(read.exchange, "");
    EXPECT_EQ(read.routing_key, "");
}

TEST(AmqpHandlerSettings, HaveTheNodesOfTheQueueWithoutTheirOwn) {
    const temporary_folder folder;
    const std::string pem = make_certificate().pem;
    const std::string ca = folder.write("ca.pem", pem);
    // Those are the nodes whether or not the events themselves go that way.
    for (const char* type : {"amqp", "embedded"}) {
        const std::string queue = std::string{"queue: {type: "} + type +
                                  ", amqp: {uri: amqps://rabbit.example.com, ca: " + ca + "}}\n";
        const loaded inherited = load_handler("    exchange: e\n", queue);
        const amqp_handler read = handler_of(inherited);
        EXPECT_EQ(read.nodes.uris, std::vector{secret{"amqps://rabbit.example.com"}}) << type;
        EXPECT_EQ(read.nodes.ca, pem) << type;

        const loaded own = load_handler("    exchange: e\n    uri: amqp://localhost\n", queue);
        EXPECT_EQ(handler_of(own).nodes.uris, std::vector{secret{"amqp://localhost"}}) << type;
        EXPECT_EQ(handler_of(own).nodes.ca, "") << type;
    }
}

TEST(AmqpHandlerSettings, SayOnceWhereTheQueuesNodesAreWrong) {
    const loaded result = load_handler("    exchange: e\n", "queue: {amqp: {uri: rabbit}}\n");
    EXPECT_THAT(lines_of(result.errors), ElementsAre(HasSubstr("queue.amqp.uri: should begin with amqp")));
}

TEST(AmqpHandlerSettings, WarnOfACAWithoutItsNodes) {
    const loaded result =
        load_handler("    exchange: e\n    ca: ca.pem\n", "queue: {amqp: {uri: amqp://localhost}}\n");
    handler_of(result);
    EXPECT_THAT(lines_of(result.warnings),
                ElementsAre(HasSubstr("handlers.bus.ca: has no effect without 'uri'")));
}

TEST(AmqpHandlerSettings, BoundWhatAmqpBounds) {
    const std::string fits(255, 'x');
    const std::string keys = "    uri: amqp://localhost\n    exchange: " + fits +
                             "\n    routing_key: " + fits + "\n    headers: {" + fits + ": a}\n";
    EXPECT_EQ(handler_of(load_handler(keys)).routing_key, fits);
    const std::string over = fits + "x";
    const loaded result = load_handler("    uri: amqp://localhost\n    exchange: " + over +
                                       "\n    routing_key: " + over + "\n    headers: {" + over + ": a}\n");
    EXPECT_THAT(lines_of(result.errors),
                ElementsAre(HasSubstr("handlers.bus.exchange: is longer than the 255 bytes"),
                            HasSubstr("handlers.bus.routing_key: is longer than the 255 bytes"),
                            HasSubstr("handlers.bus.headers: this key is no header's name")));
    // What an expression makes of it nobody knows yet.
    handler_of(load_handler("    uri: amqp://localhost\n    exchange: e\n    routing_key: \"" + over +
                            "${{ .a }}\"\n"));
}

TEST(AmqpHandlerSettings, BoundTheNumberOfHeaders) {
    std::string keys = "    uri: amqp://localhost\n    exchange: e\n    headers:\n";
    for (int n = 0; n < 64; ++n)
        keys += "      h" + std::to_string(n) + ": a\n";
    EXPECT_EQ(handler_of(load_handler(keys)).headers.size(), 64U);
    EXPECT_THAT(lines_of(load_handler(keys + "      more: a\n").errors),
                ElementsAre(HasSubstr("handlers.bus.headers: are more than 64")));
}

TEST(AmqpHandlerSettings, NeverRepeatAPassword) {
    const loaded result = load_handler("    exchange: e\n    uri: amqp://me:s3/cret@localhost\n");
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_THAT(result.errors.front().message, Not(HasSubstr("s3")));
    const loaded inline_one = load_handler("    exchange: e\n    uri: amqp://me:s3cret@localhost\n");
    ASSERT_EQ(inline_one.warnings.size(), 1U);
    EXPECT_THAT(inline_one.warnings.front().message, Not(HasSubstr("s3cret")));
}

TEST(AmqpHandlerSettings, GiveEachExpressionToTheCheck) {
    std::vector<std::string> seen;
    parse_settings(std::string{least} + R"(
routes: [{match: a, to: [bus]}]
handlers:
  bus: {type: amqp, uri: amqp://localhost, exchange: e, routing_key: "${{ .k }}", headers: {a: "x ${{ .h }}"}}
)",
                   scope::all, [&](const std::string& program) {
                       seen.push_back(program);
                       return std::optional<std::string>{};
                   });
    EXPECT_THAT(seen, testing::UnorderedElementsAre(" .k ", " .h "));
}

} // namespace

} // namespace outreachd::settings::test
