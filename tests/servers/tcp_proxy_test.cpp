/// That the proxy forwards everything, or loses it in the way that it was told to.
#include "tests/servers/bare_client.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/servers/tcp_proxy.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <string>
#include <system_error>

namespace outreachd::test_servers {
namespace {

using namespace std::chrono_literals;
using state = bare_client::state;

constexpr auto patience = 20s;
/// Long enough for what would come, so that what doesn't is seen not to.
constexpr auto glance = 300ms;

std::string request(const std::string& body = {}) {
    return "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string answer = http_ok("done").bytes;

/// A server behind a proxy.
class TcpProxy : public testing::Test {
protected:
    scripted_server server_{[](const recorded_request& asked) {
        return asked.body.empty() ? http_ok("done") : http_ok(asked.body);
    }};
    tcp_proxy proxy_{server_.port()};

    bool is_answered(bare_client& client) {
        client.send(request());
        return client.receive(answer.size(), patience) == answer;
    }

    /// There, and back.
    static void expect_a_mebibyte_to_take_a_second(bare_client& client) {
        const std::string body(1U << 20U, 'x');
        const std::string expected = http_ok(body).bytes;
        const auto begun = std::chrono::steady_clock::now();
        client.send(request(body));
        EXPECT_TRUE(client.receive(expected.size(), patience) == expected);
        EXPECT_GE(std::chrono::steady_clock::now() - begun, 900ms);
    }

    static bool hears_nothing(bare_client& client) {
        return client.receive(1, glance).empty() && client.found() == state::open;
    }
};

TEST_F(TcpProxy, ForwardsBytesAndEnds) {
    // More than the buffers of sockets and proxy hold.
    std::string body(16U << 20U, 'x');
    for (std::size_t i = 0; i < body.size(); i += 4093)
        body[i] = static_cast<char>('a' + i % 26);
    bare_client client{proxy_.port()};
    client.send(request(body));
    client.finish_sending();
    const std::string expected = http_ok(body).bytes;
    EXPECT_TRUE(client.receive(expected.size(), patience) == expected);
    EXPECT_EQ(client.receive(1, patience), "");
    EXPECT_EQ(client.found(), state::closed);
    EXPECT_EQ(proxy_.connections(), 1U);
    EXPECT_EQ(proxy_.bytes_to_server(), request(body).size());
    EXPECT_EQ(proxy_.bytes_to_client(), expected.size());
}

TEST_F(TcpProxy, CutsBothEndsOfWhatIsConnected) {
    bare_client first{proxy_.port()};
    bare_client unused{proxy_.port()};
    ASSERT_TRUE(is_answered(first));
    proxy_.cut();
    for (bare_client* const client : {&first, &unused}) {
        EXPECT_EQ(client->receive(1, patience), "");
        EXPECT_EQ(client->found(), state::was_reset);
    }
    server_.wait_until_closed(1);
    bare_client next{proxy_.port()};
    EXPECT_TRUE(is_answered(next));
}

TEST_F(TcpProxy, RefusesNewConnectionsOnly) {
    bare_client earlier{proxy_.port()};
    ASSERT_TRUE(is_answered(earlier));
    for (int round = 0; round < 2; ++round) {
        proxy_.refuse(true);
        EXPECT_THROW(bare_client{proxy_.port()}, std::system_error);
        EXPECT_TRUE(is_answered(earlier));
        proxy_.refuse(false);
        bare_client later{proxy_.port()};
        EXPECT_TRUE(is_answered(later));
    }
}

TEST_F(TcpProxy, KeepsWhatStallsForLater) {
    bare_client earlier{proxy_.port()};
    ASSERT_TRUE(is_answered(earlier));
    proxy_.stall(true);
    bare_client later{proxy_.port()};
    for (bare_client* const client : {&earlier, &later}) {
        client->send(request());
        EXPECT_TRUE(hears_nothing(*client));
    }
    EXPECT_EQ(server_.requests().size(), 1U);
    proxy_.stall(false);
    for (bare_client* const client : {&earlier, &later})
        EXPECT_EQ(client->receive(answer.size(), patience), answer);
}

TEST_F(TcpProxy, LetsServersHaveSoManyBytesASecond) {
    proxy_.limit_to_server(1U << 20U);
    bare_client client{proxy_.port()};
    expect_a_mebibyte_to_take_a_second(client);
    proxy_.limit_to_server(0);
    EXPECT_TRUE(is_answered(client));
}

TEST_F(TcpProxy, LetsClientsHaveSoManyBytesASecond) {
    proxy_.limit_to_client(1U << 20U);
    bare_client client{proxy_.port()};
    expect_a_mebibyte_to_take_a_second(client);
    proxy_.limit_to_client(0);
    EXPECT_TRUE(is_answered(client));
}

TEST_F(TcpProxy, LosesWhatIsSentOnSilentConnections) {
    bare_client silent{proxy_.port()};
    ASSERT_TRUE(is_answered(silent));
    proxy_.go_silent();
    silent.send(request());
    bare_client next{proxy_.port()};
    EXPECT_TRUE(is_answered(next));
    EXPECT_TRUE(hears_nothing(silent));
    EXPECT_EQ(server_.requests().size(), 2U);
    proxy_.cut();
    EXPECT_EQ(silent.receive(1, patience), "");
    EXPECT_EQ(silent.found(), state::was_reset);
}

TEST(TcpProxySilence, HidesThatTheServerHasClosed) {
    std::promise<void> asked;
    std::promise<void> may_answer;
    scripted_server server{[&](const recorded_request&) {
        asked.set_value();
        may_answer.get_future().wait();
        return scripted_answer{.bytes = answer, .is_last = true};
    }};
    tcp_proxy proxy{server.port()};
    bare_client client{proxy.port()};
    client.send(request());
    asked.get_future().wait();
    proxy.go_silent();
    may_answer.set_value();
    server.wait_until_closed(1);
    EXPECT_EQ(client.receive(1, glance), "");
    EXPECT_EQ(client.found(), state::open);
}

} // namespace
} // namespace outreachd::test_servers
