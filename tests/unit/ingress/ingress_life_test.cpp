/// Time, limits and the end: what happens to connections rather than to requests.
#include "tests/unit/ingress/ingress_under_test.hpp"

#include <gtest/gtest.h>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::string_view half_a_head = "POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\n";
constexpr std::string_view half_a_body =
    "POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf";

TEST(IngressLife, ResetsAtFourSecondsWhateverTheRequestWaitsFor) {
    ingress_under_test server(client_kind::tls_1_3);
    ingress_under_test stopped(client_kind::tls_1_3);
    stopped.events().stop(1s); // Every append fails from now on.

    struct example {
        const char* label;
        ingress_under_test* with;
        std::string bytes;
    };

    const example examples[] = {
        {"nothing sent", &server, ""},
        {"half a head", &server, std::string{half_a_head}},
        {"half a body", &server, std::string{half_a_body}},
        {"store fails", &stopped, signed_request("never stored")},
    };
    std::vector<std::thread> clients;
    for (const example& one : examples)
        clients.emplace_back([&one] {
            const auto begin = clock::now();
            const auto client = one.with->connect();
            const auto connected = clock::now();
            client->send(one.bytes);
            EXPECT_EQ(client->wait_for_end(), ending::reset) << one.label;
            EXPECT_GE(clock::now() - begin, 4s) << one.label;
            EXPECT_LE(clock::now() - connected, 4500ms) << one.label;
        });
    for (std::thread& one : clients)
        one.join();
    EXPECT_TRUE(server.has_counted("reset", 2)); // A connection without a request is none.
    EXPECT_TRUE(stopped.has_counted("reset", 1));
}

TEST(IngressLife, ResetsAHandshakeThatIsTooSlow) {
    settings::listen listen;
    listen.limits.handshake_timeout = 100ms;
    ingress_under_test server(client_kind::tls_1_3, listen);
    test_client client(server.port(), client_kind::plain);
    client.send("\x16\x03\x01"); // A record begins.
    EXPECT_EQ(client.wait_for_end(), ending::reset);
    EXPECT_TRUE(server.has_open(0));
}

TEST(IngressLife, ResetsAHeadOrBodyThatIsTooSlow) {
    settings::listen listen;
    listen.limits.header_timeout = 100ms;
    listen.limits.body_timeout = 100ms;
    ingress_under_test server(client_kind::tls_1_3, listen);
    for (const std::string_view bytes : {half_a_head, half_a_body}) {
        const auto begin = clock::now();
        const auto client = server.connect();
        client->send(bytes);
        EXPECT_EQ(client->wait_for_end(), ending::reset);
        EXPECT_LT(clock::now() - begin, 4s);
    }
    EXPECT_TRUE(server.has_counted("reset", 2));
}

TEST(IngressLife, StartsAKeptConnectionsClockAtTheRequestsFirstByte) {
    settings::listen listen;
    listen.limits.header_timeout = 300ms;
    ingress_under_test server(client_kind::tls_1_3, listen);
    const auto client = server.connect();
    client->send(signed_request("first"));
    EXPECT_EQ(status_of(client->receive_response()), 200);
    std::this_thread::sleep_for(500ms); // Idle for longer than a head may take.
    client->send(signed_request("second"));
    EXPECT_EQ(status_of(client->receive_response()), 200);
}

/// The rest of the record may be under way again: it isn't an idle connection that is closed in peace.
TEST(IngressLife, StartsAKeptConnectionsClockAtAPartOfATlsRecord) {
    settings::listen listen;
    listen.limits.header_timeout = 300ms;
    for (const client_kind kind : {client_kind::tls_1_2, client_kind::tls_1_3}) {
        ingress_under_test server(kind, listen);
        const auto client = server.connect();
        client->send(signed_request("first"));
        EXPECT_EQ(status_of(client->receive_response()), 200);
        const auto begin = clock::now();
        EXPECT_TRUE(client->send_raw(std::string_view{"\x17\x03\x03\x01\0half", 9}));
        EXPECT_EQ(client->wait_for_end(), ending::reset);
        EXPECT_LT(clock::now() - begin, 4s);
    }
}

/// A socket closed with unread bytes is reset, and the answer may be lost with it.
TEST(IngressLife, AnswersWhoHasSaidGoodbyeAlready) {
    for (const client_kind kind : {client_kind::plain, client_kind::tls_1_2, client_kind::tls_1_3})
        for (const std::string_view more : {"", "Connection: close\r\n"}) {
            ingress_under_test server(kind);
            const auto client = server.connect();
            client->send(signed_request("abc", more));
            client->end_sending();
            EXPECT_EQ(status_of(client->receive_response()), 200);
            EXPECT_EQ(client->wait_for_end(), ending::closed);
        }
}

/// The time may be over while others are let run, between the last byte and the store.
TEST(IngressLife, LeavesNoConnectionBehindWhoseTimeEndsWithItsBody) {
    settings::listen listen;
    listen.limits.body_timeout = 150ms;
    ingress_under_test server(client_kind::plain, listen);
    server.events().stop(1s);
    server.slow_down();
    const std::string request = signed_request(std::string(80, 'b'));
    std::vector<std::thread> clients;
    for (std::chrono::microseconds pause = 1500us; pause < 3ms; pause += 100us)
        clients.emplace_back([&server, &request, pause] {
            const auto client = server.connect();
            client->send(std::string_view{request}.substr(0, request.size() - 80));
            for (std::size_t left = 80; left > 0; --left) {
                std::this_thread::sleep_for(pause);
                client->send(std::string_view{request}.substr(request.size() - left, 1));
            }
            EXPECT_NE(client->wait_for_end(), ending::none); // A send after the reset has seen that.
        });
    for (std::thread& one : clients)
        one.join();
    EXPECT_TRUE(server.has_open(0));
}

TEST(IngressLife, ClosesAnIdleConnectionCleanly) {
    settings::listen listen;
    listen.limits.idle_timeout = 100ms;
    for (const client_kind kind : {client_kind::plain, client_kind::tls_1_2, client_kind::tls_1_3}) {
        ingress_under_test server(kind, listen);
        const auto client = server.connect();
        client->send(signed_request("abc"));
        EXPECT_EQ(status_of(client->receive_response()), 200);
        EXPECT_EQ(client->wait_for_end(), ending::closed);
    }
}

TEST(IngressLife, KeepsTheTimeOfARequestThatComesWithTheEndOfIdleness) {
    settings::listen listen;
    listen.limits.idle_timeout = 50ms;
    listen.limits.header_timeout = 200ms;
    ingress_under_test server(client_kind::plain, listen);
    server.slow_down();
    std::vector<std::thread> clients;
    for (std::chrono::microseconds wait = 45ms; wait < 65ms; wait += 500us)
        clients.emplace_back([&server, wait] {
            const auto client = server.connect();
            client->send(signed_request("first"));
            EXPECT_EQ(status_of(client->receive_response()), 200);
            std::this_thread::sleep_for(wait);
            client->send(half_a_head); // Reset, where it came first.
            EXPECT_NE(client->wait_for_end(), ending::none) << wait.count() << " us";
        });
    for (std::thread& one : clients)
        one.join();
    EXPECT_TRUE(server.has_open(0));
}

TEST(IngressLife, ResetsConnectionsOverTheLimit) {
    settings::listen listen;
    listen.limits.connections_max = 2;
    ingress_under_test server(client_kind::plain, listen);
    const auto first = server.connect();
    auto second = server.connect();
    ASSERT_TRUE(server.has_open(2));
    const auto third = server.connect();
    EXPECT_EQ(third->wait_for_end(), ending::reset);
    EXPECT_TRUE(server.has_counted("reset", 1));
    second.reset();
    ASSERT_TRUE(server.has_open(1));
    const auto fourth = server.connect();
    fourth->send(signed_request("abc"));
    EXPECT_EQ(status_of(fourth->receive_response()), 200);
}

/// A newcomer that has been served; null where none is within 10 s.
std::unique_ptr<test_client> served_newcomer(const ingress_under_test& server) {
    // That a connection has become idle shows nowhere: one that comes too early is reset.
    for (const auto until = clock::now() + 10s; clock::now() < until;) {
        auto client = server.connect();
        if (client->send(signed_request("abc")) && status_of(client->receive_response()) == 200)
            return client;
    }
    return nullptr;
}

TEST(IngressLife, ClosesTheLongestIdleWhereANewcomerNeedsRoom) {
    settings::listen listen;
    listen.limits.connections_max = 3;
    for (const client_kind kind : {client_kind::plain, client_kind::tls_1_3}) {
        ingress_under_test server(kind, listen);
        const auto first = served_newcomer(server);
        const auto second = served_newcomer(server);
        ASSERT_TRUE(first && second);
        // Last, and no answer waited for from here on: its own time is 4 s, and a flush may take as long.
        const auto busy = server.connect();
        const std::string request = signed_request("in hand");
        busy->send(request.substr(0, 30));
        auto third = server.connect();
        if (first->wait_for_end(1500ms) == ending::none)
            third = server.connect(); // it was reset: the first hadn't become idle yet
        ASSERT_TRUE(first->wait_for_end() == ending::closed && server.has_open(3));
        busy->send(request.substr(30));
        EXPECT_EQ(status_of(busy->receive_response()), 200);
        for (const auto& client : {second.get(), third.get()}) {
            client->send(signed_request("still open"));
            EXPECT_EQ(status_of(client->receive_response()), 200);
        }
    }
}

TEST(IngressLife, ManyNewcomersTakeThePlacesOfTheIdle) {
    settings::listen listen;
    listen.limits.connections_max = 100;
    ingress_under_test server(client_kind::plain, listen);
    std::vector<std::unique_ptr<test_client>> all;
    for (int i = 0; i < 300; ++i) {
        all.push_back(served_newcomer(server));
        ASSERT_TRUE(all.back()) << i;
    }
    EXPECT_EQ(all.front()->wait_for_end(), ending::closed);
    all.back()->send(signed_request("still open"));
    EXPECT_EQ(status_of(all.back()->receive_response()), 200);
}

TEST(IngressLife, UsesNewFilesForNewConnections) {
    const scratch_directory scratch;
    ingress_under_test server(client_kind::tls_1_3);
    const auto before = server.connect();
    server.subject().use_certificate(make_test_certificate(scratch, "next"));
    EXPECT_THROW(server.subject().use_certificate({scratch.file("none"), scratch.file("none")}),
                 std::runtime_error);
    const auto after = server.connect();
    for (const auto& client : {before.get(), after.get()}) {
        client->send(signed_request("abc"));
        EXPECT_EQ(status_of(client->receive_response()), 200);
    }
    EXPECT_TRUE(server.subject().certificate_expires_at().has_value());
}

} // namespace
} // namespace outreachd::ingress
