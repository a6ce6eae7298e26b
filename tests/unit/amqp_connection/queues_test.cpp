/// Queues and consumers of a real broker.
#include "tests/servers/ack_limit.hpp"
#include "tests/servers/tcp_proxy.hpp"
#include "tests/unit/amqp_connection/connection_under_test.hpp"

#include <gmock/gmock.h>

#include <ctime>
#include <thread>

namespace outreachd::amqp_connection::test {
namespace {

using namespace std::chrono_literals;
using test_servers::rabbitmq_node;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const queue_arguments classic{.kind = queue_kind::classic};

/// Publishes that many messages, whose bodies are their numbers from 1, and waits until the queue has them.
void fill(connection& broker, const std::string& queue, std::uint64_t count) {
    broker.confirm_publishes(1);
    for (std::uint64_t n = 1; n <= count; ++n)
        publish_to(broker, queue, message_of(std::to_string(n)));
    await_confirms(broker, count);
}

TEST(Queue, MayBeDeclaredTwiceButNotDifferently) {
    opened to;
    const queue_arguments how{.kind = queue_kind::quorum,
                              .rejects_when_full = true,
                              .has_one_consumer = true,
                              .delivery_limit = 4'000'000'000};
    EXPECT_EQ(to.broker.declare_queue(1, "work", how).ready, 0U);
    EXPECT_EQ(to.broker.declare_queue(1, "work", how).consumers, 0U);
    const amqp_error error = error_of([&] { to.broker.declare_queue(1, "work", classic); });
    EXPECT_EQ(error.kind(), trouble::differs);
    EXPECT_EQ(error.reply_code(), 406);
    EXPECT_EQ(error.closed_channel(), 1);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("can't declare the queue 'work': PRECONDITION_FAILED - inequivalent arg"),
                      HasSubstr("amqp://127.0.0.1:")));
    // The connection is as good as before.
    to.broker.open_channel(1);
    EXPECT_EQ(to.broker.declare_queue(1, "work", how).ready, 0U);
}

TEST(Queue, HasTheArgumentsThatWereAskedFor) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    opened to{options_for({node.uri(vhost)})};
    to.broker.declare_queue(1, "work", {queue_kind::quorum, true, true, 1000});
    to.broker.declare_queue(1, "plain", classic);
    const std::string listed =
        node.ctl({"list_queues", "--vhost", vhost, "--silent", "name", "durable", "arguments"});
    EXPECT_THAT(listed, HasSubstr("work\ttrue"));
    EXPECT_THAT(listed, HasSubstr("{\"x-queue-type\",\"quorum\"}"));
    EXPECT_THAT(listed, HasSubstr("{\"x-overflow\",\"reject-publish\"}"));
    EXPECT_THAT(listed, HasSubstr("{\"x-single-active-consumer\",true}"));
    EXPECT_THAT(listed, HasSubstr("{\"x-delivery-limit\",1000}"));
    EXPECT_THAT(listed, HasSubstr("plain\ttrue\t[{\"x-queue-type\",\"classic\"}]"));
}

TEST(Exchange, MayBeDeclaredTwiceButNotDifferently) {
    opened to;
    to.broker.declare_topic_exchange(1, "events");
    to.broker.declare_topic_exchange(1, "events");
    EXPECT_EQ(error_of([&] { to.broker.declare_topic_exchange(1, "amq.direct"); }).kind(), trouble::differs);
    to.broker.open_channel(1);
    EXPECT_EQ(error_of([&] { to.broker.declare_topic_exchange(1, "amq.mine"); }).kind(), trouble::refused);
    to.broker.open_channel(1);
    EXPECT_EQ(error_of([&] { to.broker.declare_topic_exchange(1, std::string(256, 'x')); }).kind(),
              trouble::unusable);
    to.broker.declare_topic_exchange(1, std::string(255, 'x'));
}

TEST(Queue, ThatIsntThereIsNotFound) {
    opened to;
    const amqp_error error = error_of([&] { to.broker.look_at_queue(1, "nowhere"); });
    EXPECT_EQ(error.kind(), trouble::not_found);
    EXPECT_EQ(error.closed_channel(), 1);
    EXPECT_THAT(error.what(), HasSubstr("can't look at the queue 'nowhere': NOT_FOUND"));
    EXPECT_EQ(error_of([&] { to.broker.look_at_queue(1, "nowhere"); }).kind(), trouble::not_found);
    to.broker.open_channel(1);
    EXPECT_EQ(error_of([&] { to.broker.consume(1, "nowhere", "c"); }).kind(), trouble::not_found);
}

TEST(Channel, ThatTheBrokerHasClosedIsClosedWithoutAWord) {
    opened to;
    error_of([&] { to.broker.look_at_queue(1, "nowhere"); });
    to.broker.close_channel(1);
    to.broker.open_channel(1);
    to.broker.close_channel(1);
    to.broker.open_channel(1);
    EXPECT_EQ(to.broker.declare_queue(1, "q", classic).ready, 0U);
}

/// RabbitMQ 3.10 looks for late acks on a channel that it has closed, too, once something wakes it.
TEST(Channel, ThatTheBrokerClosesTwiceCostsNoMoreThanTheChannel) {
    std::optional<test_servers::ack_limit> impatient(std::in_place, rabbitmq_node::shared(), 1s);
    opened to;
    to.broker.declare_queue(1, "q", classic);
    fill(to.broker, "q", 1);
    to.broker.consume(1, "q", "c");
    const delivered late = await<delivered>(to.broker);
    for (int n = 0; n < 3; ++n) { // closed; and woken when it is asleep
        std::this_thread::sleep_for(2s);
        to.broker.ack(1, late.tag, false);
    }
    const amqp_error error = error_of([&] { to.broker.next(patience); });
    EXPECT_EQ(error.closed_channel(), 1);
    EXPECT_THAT(error.what(), HasSubstr("delivery acknowledgement on channel 1 timed out"));
    impatient.reset();
    to.broker.open_channel(1);
    to.broker.consume(1, "q", "c");
    const delivered again = await<delivered>(to.broker);
    to.broker.ack(1, again.tag, false);
    EXPECT_EQ(to.broker.look_at_queue(1, "q").consumers, 1U);
}

TEST(Consumer, GetsMessagesInOrderUpToItsLimit) {
    opened to;
    to.broker.declare_queue(1, "q", {});
    fill(to.broker, "q", 10);
    to.broker.limit_unacked(1, 4);
    to.broker.consume(1, "q", "c");
    for (std::uint64_t n = 1; n <= 4; ++n) {
        const delivered got = await<delivered>(to.broker);
        EXPECT_EQ(got.what.body, std::to_string(n));
        EXPECT_EQ(got.tag, n);
        EXPECT_EQ(got.consumer, "c");
        EXPECT_EQ(got.channel, 1);
        EXPECT_FALSE(got.is_redelivered);
    }
    EXPECT_FALSE(to.broker.next(300ms).has_value());
    to.broker.ack(1, 1, false);
    EXPECT_EQ(await<delivered>(to.broker).what.body, "5");
    EXPECT_FALSE(to.broker.next(300ms).has_value());
    to.broker.ack(1, 5, true);
    for (std::uint64_t n = 6; n <= 9; ++n)
        EXPECT_EQ(await<delivered>(to.broker).what.body, std::to_string(n));
}

std::chrono::nanoseconds cpu_of_this_thread() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

TEST(Consumer, WaitsHoweverShortTheWaitAndWithoutSpinning) {
    opened to;
    const auto began = std::chrono::steady_clock::now();
    const auto cpu_before = cpu_of_this_thread();
    for (int n = 0; n < 300; ++n)
        EXPECT_FALSE(to.broker.next(1ms).has_value());
    EXPECT_GE(std::chrono::steady_clock::now() - began, 300ms);
    EXPECT_LT(cpu_of_this_thread() - cpu_before, 150ms);
}

TEST(Consumer, LeavesWhatItHasntAckedToTheNext) {
    const std::string uri = rabbitmq_node::shared().uri(rabbitmq_node::shared().new_vhost());
    {
        opened to{options_for({uri})};
        to.broker.declare_queue(1, "q", classic);
        fill(to.broker, "q", 3);
        to.broker.consume(1, "q", "c");
        EXPECT_EQ(await<delivered>(to.broker).what.body, "1");
        EXPECT_EQ(await<delivered>(to.broker).what.body, "2");
        to.broker.ack(1, 1, false);
    } // the good-bye waits until the broker has seen the ack
    opened to{options_for({uri})};
    to.broker.consume(1, "q", "c");
    const delivered second = await<delivered>(to.broker);
    EXPECT_EQ(second.what.body, "2");
    EXPECT_TRUE(second.is_redelivered);
    EXPECT_EQ(await<delivered>(to.broker).what.body, "3");
    EXPECT_FALSE(to.broker.next(300ms).has_value());
}

TEST(Consumer, IsEndedByCancelAndWhatCameBeforeIsTold) {
    opened to;
    to.broker.declare_queue(1, "q", classic);
    fill(to.broker, "q", 2);
    to.broker.consume(1, "q", "c");
    // Whether they come before the answer or have been told by then: both are told.
    to.broker.cancel(1, "c");
    EXPECT_EQ(await<delivered>(to.broker).what.body, "1");
    EXPECT_EQ(await<delivered>(to.broker).what.body, "2");
    EXPECT_EQ(await<consumer_ended>(to.broker).channel, 1);
    publish_to(to.broker, "q", message_of("3"));
    EXPECT_EQ(await<confirmed>(to.broker).tag, 3U);
    EXPECT_FALSE(to.broker.next(300ms).has_value());
    EXPECT_EQ(to.broker.look_at_queue(1, "q").consumers, 0U);
    to.broker.ack(1, 2, true);
    to.broker.consume(1, "q", "c");
    EXPECT_EQ(await<delivered>(to.broker).what.body, "3");
}

TEST(Consumer, IsBegunWithoutAnAnswerAndARefusalComesLater) {
    opened to;
    to.broker.declare_queue(1, "q", classic);
    to.broker.consume_unanswered(1, "q", "c");
    publish_to(to.broker, "q", message_of("1"));
    EXPECT_EQ(await<delivered>(to.broker).what.body, "1");
    EXPECT_EQ(to.broker.look_at_queue(1, "q").consumers, 1U);
    to.broker.open_channel(2);
    to.broker.consume_unanswered(2, "no-such-queue", "c");
    const amqp_error refusal = error_of([&] { to.broker.next(5s); });
    EXPECT_EQ(refusal.closed_channel(), 2);
    EXPECT_EQ(refusal.kind(), trouble::not_found);
}

TEST(Consumer, IsToldOfItsEndByTheBroker) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    opened to{options_for({node.uri(vhost)})};
    to.broker.declare_queue(1, "q", classic);
    to.broker.consume(1, "q", "c");
    EXPECT_EQ(to.broker.look_at_queue(1, "q").consumers, 1U);
    node.ctl({"delete_queue", "--vhost", vhost, "q"});
    const auto told = await<consumer_cancelled>(to.broker);
    EXPECT_EQ(told.channel, 1);
    EXPECT_EQ(told.consumer, "c");
    EXPECT_EQ(to.broker.declare_queue(1, "q", classic).ready, 0U);
}

TEST(Consumer, SeesNothingOfAChannelBeforeItsReopening) {
    opened to;
    to.broker.declare_queue(1, "q", classic);
    fill(to.broker, "q", 3);
    to.broker.consume(1, "q", "c");
    EXPECT_EQ(await<delivered>(to.broker).what.body, "1");
    // A tag that isn't there: the broker closes the channel.
    to.broker.ack(1, 17, false);
    EXPECT_EQ(error_of([&] {
                  while (to.broker.next(patience))
                      ;
              }).kind(),
              trouble::rejected);
    to.broker.open_channel(1);
    to.broker.consume(1, "q", "c");
    for (std::uint64_t n = 1; n <= 3; ++n) {
        const delivered got = await<delivered>(to.broker);
        EXPECT_EQ(got.what.body, std::to_string(n));
        EXPECT_EQ(got.tag, n);
    }
    EXPECT_FALSE(to.broker.next(0ms).has_value());
}

TEST(Consumer, OfTwoChannelsGetsTheirMessagesWhole) {
    opened to;
    to.broker.open_channel(2);
    to.broker.declare_queue(1, "a", classic);
    to.broker.declare_queue(1, "b", classic);
    const std::string large(400'000, 'x'); // four frames
    to.broker.confirm_publishes(1);
    constexpr std::uint64_t count = 20;
    for (std::uint64_t n = 0; n < count; ++n) {
        publish_to(to.broker, "a", message_of("a" + large));
        publish_to(to.broker, "b", message_of("b" + large));
    }
    to.broker.consume(1, "a", "c");
    to.broker.consume(2, "b", "c");
    // Answers come between them.
    to.broker.look_at_queue(2, "b");
    std::uint64_t from[3] = {};
    while (from[1] + from[2] < 2 * count) {
        const auto told = to.broker.next(patience);
        ASSERT_TRUE(told.has_value());
        if (const auto* const got = std::get_if<delivered>(&*told)) {
            EXPECT_EQ(got->tag, ++from[got->channel]);
            EXPECT_TRUE(got->what.body == (got->channel == 1 ? "a" : "b") + large);
        }
    }
    EXPECT_EQ(from[1], count);
}

/// A question has a second, and the body in front of its answer takes four.
TEST(Consumer, MayAskBehindALargeBodyOnASlowLine) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    opened owner{options_for({node.uri(vhost)})};
    owner.broker.declare_queue(1, "q", classic);
    owner.broker.confirm_publishes(1);
    const std::string large(4UL * 1024 * 1024, 'x');
    publish_to(owner.broker, "q", message_of(large));
    await_confirms(owner.broker, 1);

    test_servers::tcp_proxy road(node.port());
    options how = options_for({node.uri(vhost)});
    how.nodes[0].port = road.port();
    how.answer_timeout = 1s;
    opened to{how};
    road.limit_to_client(1024UL * 1024);
    to.broker.consume(1, "q", "c");
    const auto begun = steady::now();
    EXPECT_EQ(to.broker.look_at_queue(1, "q").consumers, 1U);
    EXPECT_GT(steady::now() - begun, 2s);
    EXPECT_TRUE(await<delivered>(to.broker).what.body == large);
}

TEST(Consumer, IsRefusedWhereThePermissionIsMissing) {
    rabbitmq_node& node = rabbitmq_node::shared();
    const std::string vhost = node.new_vhost();
    opened owner{options_for({node.uri(vhost)})};
    owner.broker.declare_queue(1, "q", classic);
    node.ctl({"add_user", vhost + "-user", "pass-word"});
    node.ctl({"set_permissions", "--vhost", vhost, vhost + "-user", "^$", "^$", "^$"});
    options how = options_for({node.uri(vhost)});
    how.nodes[0].user = vhost + "-user";
    how.nodes[0].password = secret{"pass-word"};
    opened to{how};
    for (const auto& action : std::vector<std::function<void()>>{
             [&] { to.broker.consume(1, "q", "c"); }, [&] { to.broker.declare_queue(1, "r", classic); }}) {
        const amqp_error error = error_of(action);
        EXPECT_EQ(error.kind(), trouble::refused);
        EXPECT_EQ(error.closed_channel(), 1);
        // The broker's text names the user, ours does not.
        EXPECT_THAT(error.what(), AllOf(HasSubstr("ACCESS_REFUSED"), HasSubstr("refused for this user"),
                                        Not(HasSubstr("-user")), Not(HasSubstr("pass-word"))));
        to.broker.open_channel(1);
    }
    node.ctl({"delete_user", vhost + "-user"});
}

} // namespace
} // namespace outreachd::amqp_connection::test
