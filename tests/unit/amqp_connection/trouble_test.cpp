/// Brokers that end, hang, or take nothing more.
#include "tests/servers/tcp_proxy.hpp"
#include "tests/unit/amqp_connection/connection_under_test.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace outreachd::amqp_connection::test {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using test_servers::tcp_proxy;
using testing::HasSubstr;

const message large = message_of(std::string(1024 * 1024, 'x'));

/// Does it until it throws.
amqp_error error_after_many(const std::function<void()>& action) {
    return error_of([&] {
        const auto give_up = steady::now() + 60s;
        while (steady::now() < give_up)
            action();
    });
}

TEST(Trouble, ABrokerThatIsKilledIsLostAtOnce) {
    rabbitmq_node& node = rabbitmq_node::shared();
    opened to;
    std::thread killing{[&] { node.kill(); }};
    const amqp_error error = error_of([&] { to.broker.next(60s); });
    killing.join();
    EXPECT_EQ(error.kind(), trouble::lost);
    EXPECT_EQ(error.closed_channel(), 0);
    EXPECT_THAT(error.what(), HasSubstr("the connection is lost: "));
}

TEST(Trouble, ABrokerThatStopsSaysSo) {
    rabbitmq_node& node = rabbitmq_node::shared();
    opened waiting;
    opened publishing;
    node.stop();
    const amqp_error read = error_of([&] { waiting.broker.next(patience); });
    EXPECT_EQ(read.kind(), trouble::lost);
    EXPECT_EQ(read.reply_code(), 320);
    EXPECT_THAT(read.what(), HasSubstr("the broker closed the connection: CONNECTION_FORCED"));
    // What it said is found also where nothing has been read before the next send fails.
    const amqp_error sent = error_after_many([&] { publish_to(publishing.broker, "q", large); });
    EXPECT_EQ(sent.kind(), trouble::lost);
    EXPECT_THAT(sent.what(), HasSubstr("the broker closed the connection: CONNECTION_FORCED"));
}

TEST(Trouble, ABrokerThatHangsIsNoticedByItsSilence) {
    rabbitmq_node& node = rabbitmq_node::shared();
    opened to;
    node.freeze();
    const auto begun = steady::now();
    const amqp_error error = error_after_many([&] { to.broker.next(1s); });
    const auto noticed_after = steady::now() - begun;
    node.thaw();
    EXPECT_LT(noticed_after, 20s);
    EXPECT_EQ(error.kind(), trouble::lost);
    EXPECT_THAT(error.what(), HasSubstr("nothing was heard from the broker for 10 s"));
}

TEST(Trouble, ABrokerThatHangsHoldsNoCallForLonger) {
    rabbitmq_node& node = rabbitmq_node::shared();
    options how = options_for({node.uri(node.new_vhost())});
    how.answer_timeout = 500ms;
    how.heartbeat = 0s;
    opened asking{how};
    opened publishing{how};
    node.freeze();
    auto begun = steady::now();
    EXPECT_EQ(error_of([&] { asking.broker.declare_queue(1, "q", {}); }).kind(), trouble::too_late);
    EXPECT_LT(steady::now() - begun, 5s);
    begun = steady::now();
    const amqp_error error = error_after_many([&] { publish_to(publishing.broker, "q", large); });
    EXPECT_EQ(error.kind(), trouble::too_late);
    EXPECT_THAT(error.what(), HasSubstr("can't publish: no answer in time"));
    EXPECT_LT(steady::now() - begun, 10s);
    node.thaw();
}

TEST(Trouble, AnAlarmIsToldAndItsEnd) {
    rabbitmq_node& node = rabbitmq_node::shared();
    opened to;
    to.broker.declare_queue(1, "q", {.kind = queue_kind::classic});
    to.broker.confirm_publishes(1);
    node.set_memory_alarm(true);
    publish_to(to.broker, "q", message_of("x"));
    EXPECT_THAT(await<blocked>(to.broker).reason, HasSubstr("memory"));
    EXPECT_TRUE(to.broker.is_blocked());
    EXPECT_FALSE(to.broker.next(0ms).has_value());
    node.set_memory_alarm(false);
    await<unblocked>(to.broker);
    EXPECT_FALSE(to.broker.is_blocked());
    EXPECT_EQ(await<confirmed>(to.broker).tag, 1U);
}

TEST(Trouble, AnAlarmHoldsNoPublishForLonger) {
    rabbitmq_node& node = rabbitmq_node::shared();
    options how = options_for({node.uri(node.new_vhost())});
    how.answer_timeout = 1s;
    opened to{how};
    node.set_memory_alarm(true);
    publish_to(to.broker, "q", large);
    await<blocked>(to.broker);
    const auto begun = steady::now();
    const amqp_error error = error_after_many([&] { publish_to(to.broker, "q", large); });
    EXPECT_LT(steady::now() - begun, 10s);
    EXPECT_EQ(error.kind(), trouble::too_late);
    // Nor does it hold the end of a connection that is blocked.
    {
        opened other{how};
        publish_to(other.broker, "q", message_of("x"));
        await<blocked>(other.broker);
    }
    node.set_memory_alarm(false);
}

TEST(Trouble, EndAllEndsACallThatWaits) {
    opened to;
    std::thread ending{[&] {
        std::this_thread::sleep_for(200ms); // so that it mostly waits by then; it holds either way
        to.guard.end_all();
    }};
    const auto begun = steady::now();
    const amqp_error error = error_of([&] { to.broker.next(1h); });
    ending.join();
    EXPECT_LT(steady::now() - begun, 5s);
    EXPECT_EQ(error.kind(), trouble::too_late);
    EXPECT_THAT(error.what(), HasSubstr("nobody waits for it any more"));
}

TEST(Trouble, EndAllEndsACallThatSends) {
    tcp_proxy proxy{rabbitmq_node::shared().port()};
    opened to{options_for({"amqp://127.0.0.1:" + std::to_string(proxy.port())})};
    proxy.stall(true);
    std::thread ending{[&] {
        std::this_thread::sleep_for(200ms);
        to.guard.end_all();
    }};
    const auto begun = steady::now();
    const amqp_error error = error_after_many([&] { publish_to(to.broker, "q", large); });
    ending.join();
    EXPECT_LT(steady::now() - begun, 5s);
    EXPECT_EQ(error.kind(), trouble::too_late);
}

TEST(Trouble, ARoadThatIsCutIsLostAtOnce) {
    tcp_proxy proxy{rabbitmq_node::shared().port()};
    opened to{options_for({"amqp://127.0.0.1:" + std::to_string(proxy.port())})};
    proxy.cut();
    const auto begun = steady::now();
    EXPECT_EQ(error_of([&] { to.broker.next(60s); }).kind(), trouble::lost);
    EXPECT_LT(steady::now() - begun, 5s);
}

TEST(Trouble, ARoadThatSwallowsEverythingIsNoticed) {
    tcp_proxy proxy{rabbitmq_node::shared().port()};
    options how = options_for({"amqp://127.0.0.1:" + std::to_string(proxy.port())});
    how.heartbeat = 1s;
    opened to{how};
    proxy.go_silent();
    const auto begun = steady::now();
    const amqp_error error = error_of([&] { to.broker.next(60s); });
    EXPECT_LT(steady::now() - begun, 10s);
    EXPECT_EQ(error.kind(), trouble::lost);
    EXPECT_THAT(error.what(), HasSubstr("nothing was heard from the broker for 2 s"));
}

TEST(Trouble, AnIdleConnectionLivesByItsHeartbeats) {
    options how = options_for({rabbitmq_node::shared().uri(rabbitmq_node::shared().new_vhost())});
    how.heartbeat = 1s;
    opened to{how};
    // The broker gives up after 2 s of silence, and so do we.
    const auto end = steady::now() + 4s;
    while (steady::now() < end)
        EXPECT_FALSE(to.broker.next(400ms).has_value());
    EXPECT_FALSE(to.broker.next(4s).has_value());
    to.broker.declare_queue(1, "q", {.kind = queue_kind::classic});
}

TEST(Trouble, AConnectionThatReadsNothingIsKeptAliveOnRequest) {
    options how = options_for({rabbitmq_node::shared().uri(rabbitmq_node::shared().new_vhost())});
    how.heartbeat = 1s;
    opened to{how};
    to.broker.declare_queue(1, "q", {.kind = queue_kind::classic});
    to.broker.consume(1, "q", "c");
    to.broker.confirm_publishes(1);
    for (int n = 0; n < 3; ++n)
        publish_to(to.broker, "q", message_of("x"));
    for (const auto end = steady::now() + 5s; steady::now() < end; std::this_thread::sleep_for(100ms))
        to.broker.keep_alive();
    int deliveries = 0;
    while (const auto told = to.broker.next(300ms))
        deliveries += std::holds_alternative<delivered>(*told) ? 1 : 0;
    EXPECT_EQ(deliveries, 3);
}

} // namespace
} // namespace outreachd::amqp_connection::test
