/// Publishing to a real broker, and what it says to that.
#include "tests/unit/amqp_connection/connection_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::amqp_connection::test {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t full_frame_bytes = 131'072 - 8;

struct publishing : opened {
    publishing() {
        broker.declare_queue(1, "q", {.kind = queue_kind::classic});
        broker.confirm_publishes(1);
    }
};

TEST(Publish, IsConfirmedByItsTag) {
    publishing to;
    const message what = message_of("first");
    EXPECT_EQ(publish_to(to.broker, "q", what), 1U);
    const auto told = await<confirmed>(to.broker);
    EXPECT_EQ(told.tag, 1U);
    EXPECT_TRUE(told.is_taken);
    EXPECT_EQ(told.channel, 1);
    EXPECT_EQ(publish_to(to.broker, "q", what), 2U);
    EXPECT_EQ(await<confirmed>(to.broker).tag, 2U);
    EXPECT_FALSE(to.broker.next(0ms).has_value());
    EXPECT_EQ(to.broker.declare_queue(1, "q", {.kind = queue_kind::classic}).ready, 2U);
}

TEST(Publish, ComesBackWhereNoQueueTakesIt) {
    publishing to;
    message what = message_of("lost property");
    what.message_id = "m-1";
    publish_to(to.broker, "nowhere", what);
    const auto back = await<returned>(to.broker);
    EXPECT_EQ(back.reply_code, 312);
    EXPECT_EQ(back.reply_text, "NO_ROUTE");
    EXPECT_EQ(back.routing_key, "nowhere");
    EXPECT_EQ(back.message_id, "m-1");
    EXPECT_EQ(back.channel, 1);
    EXPECT_TRUE(await<confirmed>(to.broker).is_taken);
}

TEST(Publish, IsDroppedInSilenceWhereItMayBe) {
    publishing to;
    const message what = message_of("to nobody");
    to.broker.publish(1, {.exchange = "amq.topic", .routing_key = "task.completed", .what = &what});
    EXPECT_TRUE(await<confirmed>(to.broker).is_taken);
}

TEST(Publish, OfThousandsIsConfirmedManyAtOnce) {
    publishing to;
    const message what = message_of(std::string(1024, 'x'));
    constexpr std::uint64_t count = 5000;
    std::uint64_t settled = 0;
    bool had_multiple = false;
    const auto take = [&](const std::optional<incoming>& told) {
        const auto& confirm = std::get<confirmed>(told.value());
        had_multiple = had_multiple || confirm.is_multiple;
        settled = confirm.is_multiple ? confirm.tag : settled + 1;
    };
    for (std::uint64_t sent = 0; sent < count;) {
        sent = publish_to(to.broker, "q", what);
        while (const auto told = to.broker.next(sent - settled > 500 ? patience : 0ms))
            take(told);
    }
    while (settled < count)
        take(to.broker.next(patience));
    EXPECT_TRUE(had_multiple);
    EXPECT_EQ(to.broker.look_at_queue(1, "q").ready, count);
}

TEST(Publish, IsRefusedByAQueueThatIsFull) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    opened to{options_for({node.uri(vhost)})};
    to.broker.declare_queue(1, "full", {.kind = queue_kind::classic, .rejects_when_full = true});
    node.ctl({"set_policy", "--vhost", vhost, "small", "full", R"({"max-length":1})"});
    to.broker.confirm_publishes(1);
    const message what = message_of("x");
    bool is_refused = false;
    for (int n = 0; n < 10 && !is_refused; ++n) {
        publish_to(to.broker, "full", what);
        is_refused = !await<confirmed>(to.broker).is_taken;
    }
    EXPECT_TRUE(is_refused);
}

TEST(Publish, CarriesSixteenMebibytes) {
    publishing to;
    to.broker.limit_unacked(1, 1);
    std::string body(16 * 1024 * 1024, '\0');
    for (std::size_t at = 0; at < body.size(); at += 997)
        body[at] = static_cast<char>(at / 997);
    publish_to(to.broker, "q", message_of(body));
    EXPECT_TRUE(await<confirmed>(to.broker).is_taken);
    to.broker.consume(1, "q", "c");
    EXPECT_TRUE(await<delivered>(to.broker).what.body == body);
}

TEST(Publish, OfFullFramesIsNotHeldBack) {
    publishing to;
    const message what = message_of(std::string(2 * full_frame_bytes, 'x'));
    const auto begun = steady::now();
    constexpr int rounds = 10;
    for (int n = 0; n < rounds; ++n) {
        publish_to(to.broker, "q", what);
        EXPECT_TRUE(await<confirmed>(to.broker).is_taken);
    }
    // The system would wait 200 ms each time for the rest that was announced.
    EXPECT_LT(steady::now() - begun, rounds * 150ms);
}

TEST(Publish, TakesAnEmptyBody) {
    publishing to;
    publish_to(to.broker, "q", message_of(""));
    EXPECT_TRUE(await<confirmed>(to.broker).is_taken);
    to.broker.consume(1, "q", "c");
    EXPECT_EQ(await<delivered>(to.broker).what.body, "");
}

TEST(Publish, KeepsAllProperties) {
    publishing to;
    message sent = message_of("body");
    sent.message_id = std::string(255, 'i');
    sent.type = "task.completed";
    sent.content_type = "application/json";
    sent.app_id = "outreachd";
    sent.timestamp = 1'795'249'375;
    sent.headers = {{"plain", "text"},
                    {"empty", ""},
                    {"bytes", std::string{"\0\xFF\n", 3}},
                    {std::string(255, 'n'), std::string(60'000, 'v')},
                    {"umlaut", "\xC3\xBC"}};
    publish_to(to.broker, "q", sent);
    EXPECT_TRUE(await<confirmed>(to.broker).is_taken);
    to.broker.consume(1, "q", "c");
    const delivered got = await<delivered>(to.broker);
    EXPECT_EQ(got.what.message_id, sent.message_id);
    EXPECT_EQ(got.what.type, sent.type);
    EXPECT_EQ(got.what.content_type, sent.content_type);
    EXPECT_EQ(got.what.app_id, sent.app_id);
    EXPECT_EQ(got.what.timestamp, sent.timestamp);
    EXPECT_EQ(got.what.headers, sent.headers);
    EXPECT_EQ(got.what.body, "body");
    EXPECT_EQ(got.exchange, "");
    EXPECT_EQ(got.routing_key, "q");
}

TEST(Publish, RefusesWhatDoesntFitAndSendsNothing) {
    struct odd_message {
        const char* label;
        std::function<void(message&, published&)> spoil;
    };

    static const std::string too_long(256, 'x');
    const odd_message odd_messages[] = {
        {"message id", [](message& what, published&) { what.message_id = too_long; }},
        {"type", [](message& what, published&) { what.type = too_long; }},
        {"content type", [](message& what, published&) { what.content_type = too_long; }},
        {"app id", [](message& what, published&) { what.app_id = too_long; }},
        {"exchange", [](message&, published& how) { how.exchange = too_long; }},
        {"routing key", [](message&, published& how) { how.routing_key = too_long; }},
        {"header",
         [](message& what, published&) {
             what.headers = {{too_long, "x"}};
         }},
        {"131065 bytes", [](message& what, published&) {
             what.headers = {{"h", std::string(131'027, 'x')}};
         }}};
    publishing to;
    for (const odd_message& odd : odd_messages) {
        message what = message_of("x");
        published how{.exchange = "", .routing_key = "q", .what = &what};
        odd.spoil(what, how);
        const amqp_error error = error_of([&] { to.broker.publish(1, how); });
        EXPECT_EQ(error.kind(), trouble::unusable) << odd.label;
        EXPECT_EQ(error.closed_channel(), 0) << odd.label;
        EXPECT_THAT(error.what(), HasSubstr(odd.label));
    }
    // One byte less fits, and the connection is in step.
    message what = message_of("x");
    what.headers = {{"h", std::string(131'026, 'x')}};
    EXPECT_EQ(publish_to(to.broker, "q", what), 1U);
    EXPECT_TRUE(await<confirmed>(to.broker).is_taken);
}

TEST(Publish, ToAnExchangeThatIsntThereClosesTheChannel) {
    publishing to;
    const message what = message_of("x");
    to.broker.publish(1, {.exchange = "nowhere", .routing_key = "a", .what = &what});
    const amqp_error error = error_of([&] { to.broker.next(patience); });
    EXPECT_EQ(error.kind(), trouble::not_found);
    EXPECT_EQ(error.reply_code(), 404);
    EXPECT_EQ(error.closed_channel(), 1);
    EXPECT_THAT(error.what(), HasSubstr("NOT_FOUND - no exchange 'nowhere'"));
    // Whatever is done on it says the same, until it is opened again.
    EXPECT_EQ(error_of([&] { publish_to(to.broker, "q", what); }).kind(), trouble::not_found);
    EXPECT_EQ(error_of([&] { to.broker.ack(1, 1, false); }).kind(), trouble::not_found);
    to.broker.open_channel(1);
    to.broker.confirm_publishes(1);
    EXPECT_EQ(publish_to(to.broker, "q", what), 1U);
    EXPECT_EQ(await<confirmed>(to.broker).tag, 1U);
}

TEST(Publish, OnAClosedChannelIsToldOnceWhereItIsFoundOutElsewhere) {
    publishing to;
    to.broker.open_channel(2);
    const message what = message_of("x");
    to.broker.publish(1, {.exchange = "nowhere", .routing_key = "a", .what = &what});
    // The answer on channel 2 may come before or after the close of channel 1.
    const auto give_up = steady::now() + patience;
    for (;;) {
        ASSERT_LT(steady::now(), give_up);
        to.broker.look_at_queue(2, "q");
        try {
            publish_to(to.broker, "q", what);
        } catch (const amqp_error& error) {
            EXPECT_EQ(error.closed_channel(), 1);
            break;
        }
    }
    EXPECT_FALSE(to.broker.next(0ms).has_value());
    EXPECT_EQ(to.broker.look_at_queue(2, "q").ready, 0U);
}

} // namespace
} // namespace outreachd::amqp_connection::test
