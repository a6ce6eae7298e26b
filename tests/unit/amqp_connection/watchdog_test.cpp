#include "daemon/amqp_connection/tcp_connect.hpp"
#include "daemon/amqp_connection/watchdog.hpp"
#include "handlers/descriptor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace outreachd::amqp_connection {
namespace {

using namespace std::chrono_literals;
using handlers::descriptor;
using steady = std::chrono::steady_clock;

/// Two ends of a connection.
struct ends {
    ends() {
        std::array<int, 2> made{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, made.data()), 0);
        near = descriptor{made[0]};
        far = descriptor{made[1]};
    }

    /// Whether the near end is shut down within that time.
    bool is_ended_within(std::chrono::milliseconds time) const {
        pollfd waits{near.number(), POLLIN, 0};
        std::byte one{};
        return ::poll(&waits, 1, static_cast<int>(time.count())) == 1 && ::read(near.number(), &one, 1) == 0;
    }

    descriptor near;
    descriptor far;
};

TEST(Watchdog, EndsACallThatIsLate) {
    watchdog guard;
    const ends socket;
    watched_socket watched{guard};
    ASSERT_TRUE(watched.use(socket.near.number()));
    const bounded_call bound{watched, steady::now() + 50ms};
    EXPECT_TRUE(socket.is_ended_within(20s));
    EXPECT_TRUE(watched.is_ended());
    EXPECT_TRUE(watched.is_late());
}

TEST(Watchdog, EndsNoCallThatIsDoneInTime) {
    watchdog guard;
    const ends socket;
    const ends late;
    watched_socket watched{guard};
    watched_socket other{guard};
    ASSERT_TRUE(watched.use(socket.near.number()));
    ASSERT_TRUE(other.use(late.near.number()));
    { const bounded_call bound{watched, steady::now() + 100ms}; }
    // When this one is ended, the first one's deadline has passed long ago.
    const bounded_call bound{other, steady::now() + 400ms};
    EXPECT_TRUE(late.is_ended_within(20s));
    EXPECT_FALSE(watched.is_ended());
    EXPECT_FALSE(socket.is_ended_within(0ms));
}

TEST(Watchdog, SeesADeadlineThatComesBeforeAllOthers) {
    watchdog guard;
    const ends first;
    const ends second;
    watched_socket slow{guard};
    watched_socket quick{guard};
    ASSERT_TRUE(slow.use(first.near.number()));
    ASSERT_TRUE(quick.use(second.near.number()));
    const bounded_call long_one{slow, steady::now() + 1h};
    const bounded_call short_one{quick, steady::now() + 50ms};
    EXPECT_TRUE(second.is_ended_within(20s));
    EXPECT_FALSE(slow.is_ended());
}

TEST(Watchdog, EndsAllNowAndFromNowOn) {
    watchdog guard;
    const ends first;
    const ends second;
    watched_socket watched{guard};
    ASSERT_TRUE(watched.use(first.near.number()));
    guard.end_all();
    EXPECT_TRUE(first.is_ended_within(0ms));
    EXPECT_TRUE(watched.is_ended());
    EXPECT_FALSE(watched.is_late());
    watched_socket later{guard};
    EXPECT_TRUE(later.is_ended());
    ASSERT_TRUE(later.use(second.near.number()));
    EXPECT_TRUE(second.is_ended_within(0ms));
}

TEST(Watchdog, ShutsDownNoOtherFileThatHasTheNumberNow) {
    watchdog guard;
    ends first;
    watched_socket watched{guard};
    const int number = first.near.number();
    ASSERT_TRUE(watched.use(number));
    first.near.close();
    const ends second; // takes the number that is free
    ASSERT_EQ(second.near.number(), number);
    guard.end_all();
    EXPECT_FALSE(second.is_ended_within(0ms));
}

TEST(WatchedSocket, SaysWhereADescriptorCantBeDuplicated) {
    watchdog guard;
    watched_socket watched{guard};
    EXPECT_FALSE(watched.use(1'000'000));
    EXPECT_EQ(errno, EBADF);
    EXPECT_TRUE(watched.use(-1));
}

TEST(TcpConnect, SetsWhatNoticesADeadPeer) {
    const descriptor listening{::socket(AF_INET, SOCK_STREAM, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listening.number(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(listening.number(), 1), 0);
    ASSERT_EQ(::getsockname(listening.number(), reinterpret_cast<sockaddr*>(&address), &size), 0);

    watchdog guard;
    watched_socket watched{guard};
    const tcp_connected made =
        connect_tcp("127.0.0.1", ntohs(address.sin_port), steady::now() + 20s, watched);
    ASSERT_GE(made.descriptor, 0) << made.problem;
    const descriptor connected{made.descriptor};
    const auto option = [&](int level, int name) {
        int value = 0;
        socklen_t bytes = sizeof value;
        EXPECT_EQ(::getsockopt(connected.number(), level, name, &value, &bytes), 0);
        return value;
    };
    EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 5);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 15'000);
}

} // namespace
} // namespace outreachd::amqp_connection
