/// Channels that are left behind, at a real broker.
#include "daemon/amqp/publish_lane.hpp"
#include "tests/unit/amqp_connection/connection_under_test.hpp"

#include <gtest/gtest.h>

namespace outreachd::amqp {
namespace {

using amqp_connection::test::opened;
using test_servers::rabbitmq_node;

class PublishLane : public testing::Test {
protected:
    PublishLane() { lane_.open_anew(to_.broker); }

    std::uint64_t channels_at_the_broker() {
        to_.broker.look_at_queue(1, "q"); // behind what was asked before
        return std::stoull(rabbitmq_node::shared().evaluate("length(rabbit_channel:list())"));
    }

    void publish() {
        const amqp_connection::message what = amqp_connection::test::message_of("x");
        to_.broker.publish(lane_.channel(), {"", "q", true, &what});
    }

    opened to_;
    publish_lane lane_{16};
};

TEST_F(PublishLane, ClosesTheChannelsThatItLeftOnceTheyOweNothing) {
    to_.broker.declare_queue(1, "q", {});
    const std::uint64_t before = channels_at_the_broker();
    for (int i = 0; i < 2 * publish_lane::channels; ++i) {
        lane_.leave(to_.broker);
        lane_.close_left(to_.broker, [](std::uint16_t) { return false; });
    }
    publish();
    EXPECT_EQ(amqp_connection::test::await<amqp_connection::confirmed>(to_.broker).channel, lane_.channel());
    EXPECT_LE(channels_at_the_broker(), before + 1);
}

TEST_F(PublishLane, KeepsAChannelThatOwesConfirms) {
    to_.broker.declare_queue(1, "q", {});
    const std::uint16_t owing = lane_.channel();
    publish();
    lane_.leave(to_.broker);
    lane_.close_left(to_.broker, [owing](std::uint16_t channel) { return channel == owing; });
    EXPECT_NE(lane_.channel(), owing);
    EXPECT_EQ(amqp_connection::test::await<amqp_connection::confirmed>(to_.broker).channel, owing);
}

TEST_F(PublishLane, GivesTheConnectionUpWhereAllOweConfirms) {
    for (int i = 1; i < publish_lane::channels; ++i)
        lane_.leave(to_.broker);
    EXPECT_EQ(amqp_connection::test::error_of([&] { lane_.leave(to_.broker); }).kind(),
              amqp_connection::trouble::too_late);
}

} // namespace
} // namespace outreachd::amqp
