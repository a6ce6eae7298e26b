/// The end: what is open is answered or reset, and never ends as if it had been served.
#include "tests/unit/ingress/ingress_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace outreachd::ingress {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using clock = std::chrono::steady_clock;

constexpr std::string_view sent_by_half =
    "POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf";

TEST(IngressStop, DrainClosesTheIdleAndAnswersWhatIsInHand) {
    ingress_under_test server(client_kind::tls_1_3);
    const auto idle = server.connect();
    idle->send(signed_request("idle"));
    EXPECT_EQ(status_of(idle->receive_response()), 200);
    const auto busy = server.connect();
    const std::string request = signed_request("in hand");
    busy->send(request.substr(0, 30));
    ASSERT_TRUE(server.has_open(2));

    server.subject().stop_accepting();
    std::thread drain([&server] { EXPECT_TRUE(server.subject().drain(clock::now() + 10s)); });
    EXPECT_EQ(idle->wait_for_end(), ending::closed);
    busy->send(request.substr(30));
    const std::string response = busy->receive_response();
    EXPECT_EQ(status_of(response), 200);
    EXPECT_THAT(response, HasSubstr("Connection: close"));
    EXPECT_EQ(busy->wait_for_end(), ending::closed);
    drain.join();
    EXPECT_EQ(server.subject().open_connections(), 0U);
}

TEST(IngressStop, DrainResetsWhatIsLeftAtItsDeadline) {
    ingress_under_test server(client_kind::tls_1_3);
    ingress_under_test stopped(client_kind::tls_1_3);
    stopped.events().stop(1s);
    for (ingress_under_test* const one : {&server, &stopped}) {
        const auto client = one->connect();
        client->send(one == &server ? std::string{sent_by_half} : signed_request("held"));
        ASSERT_TRUE(one->has_open(1));
        one->subject().stop_accepting();
        EXPECT_FALSE(one->subject().drain(clock::now() + 100ms));
        EXPECT_EQ(client->wait_for_end(), ending::reset);
        EXPECT_EQ(one->subject().open_connections(), 0U);
    }
}

/// Nobody can tell the one from the other who only sees it end: a reset is sent again.
TEST(IngressStop, ResetsWhatIsOpenWhereItsThreadsHaveEnded) {
    std::unique_ptr<test_client> waits_for_store;
    std::unique_ptr<test_client> sends_slowly;
    std::unique_ptr<test_client> idle;
    {
        ingress_under_test server(client_kind::plain);
        idle = server.connect();
        idle->send(signed_request("answered"));
        EXPECT_EQ(status_of(idle->receive_response()), 200);
        server.events().stop(1s);
        waits_for_store = server.connect();
        waits_for_store->send(signed_request("never answered"));
        sends_slowly = server.connect();
        sends_slowly->send(sent_by_half);
        ASSERT_TRUE(server.has_open(3));
        // Nothing tells that what was sent has been read; where it hasn't, the end is the same.
        std::this_thread::sleep_for(100ms);
        server.stop_threads();
    }
    EXPECT_EQ(waits_for_store->wait_for_end(), ending::reset);
    EXPECT_EQ(sends_slowly->wait_for_end(), ending::reset);
    EXPECT_EQ(idle->wait_for_end(), ending::closed);
}

/// It has been read already, behind others, and waits for its turn.
TEST(IngressStop, ResetsWhoseNextRequestHasComeWhereItsThreadsHaveEnded) {
    const std::string request = "GET /none HTTP/1.1\r\nHost: h\r\n\r\n";
    constexpr std::size_t times = 120; // Which one read takes: unread bytes alone would make it a reset.
    std::unique_ptr<test_client> client;
    std::size_t answer_bytes = 0;
    std::size_t answered_bytes = 0;
    {
        ingress_under_test server(client_kind::plain);
        for (int i = 0; i < 5; ++i)
            server.slow_down();
        client = server.connect();
        client->send(request);
        answer_bytes = client->receive_response().size();
        std::string many;
        for (std::size_t i = 0; i < times; ++i)
            many += request;
        ASSERT_TRUE(client->send(many));
        answered_bytes =
            client->receive(answer_bytes).size(); // Others have their turn behind the first ones.
        server.stop_threads();
    }
    answered_bytes += client->receive(times * answer_bytes).size();
    EXPECT_TRUE(client->wait_for_end() == ending::reset || answered_bytes == times * answer_bytes);
}

TEST(IngressStop, AcceptsNothingAfterStopAccepting) {
    ingress_under_test server(client_kind::plain);
    const auto open = server.connect();
    ASSERT_TRUE(server.has_open(1));
    server.slow_down();
    server.subject().stop_accepting();
    EXPECT_FALSE(test_client(server.port(), client_kind::plain).is_connected());
    open->send(signed_request("still served"));
    EXPECT_EQ(status_of(open->receive_response()), 200);
}

/// Those that were accepted in time are counted by then.
TEST(IngressStop, ResetsWhoComesBehindTheDrain) {
    ingress_under_test server(client_kind::plain);
    EXPECT_TRUE(server.subject().drain(clock::now() + 1s)); // Its sockets are open yet.
    const auto began = clock::now();
    const auto late = server.connect();
    EXPECT_EQ(late->wait_for_end(), ending::reset);
    EXPECT_LT(clock::now() - began, 3s) << "it was served, and too slow";
}

/// Its connection may be made before the sockets are closed, and be known to nobody yet.
TEST(IngressStop, LosesSightOfNobodyWhoComesWithIt) {
    for (std::chrono::microseconds ahead = 0us; ahead < 8ms; ahead += 250us) {
        auto server = std::make_unique<ingress_under_test>(client_kind::plain);
        server->slow_down();
        test_client client(server->port(), client_kind::plain);
        const bool is_sent = client.send(sent_by_half);
        std::this_thread::sleep_for(ahead);
        server->subject().stop_accepting();
        server->subject().drain(clock::now() + 50ms);
        EXPECT_EQ(server->subject().open_connections(), 0U) << ahead.count();
        std::this_thread::sleep_for(50ms); // In which a daemon ends its deliveries.
        EXPECT_EQ(server->subject().open_connections(), 0U) << ahead.count();
        server->stop_threads();
        server.reset();
        if (is_sent) {
            EXPECT_EQ(client.wait_for_end(), ending::reset) << ahead.count();
        }
    }
}

TEST(IngressStop, AnswersOrResetsManyWhoComeMeanwhile) {
    for (const client_kind kind : {client_kind::plain, client_kind::tls_1_3}) {
        auto server = std::make_unique<ingress_under_test>(kind);
        server->slow_down();
        std::vector<std::thread> clients;
        for (int i = 0; i < 60; ++i)
            clients.emplace_back([i, kind, port = server->port()] {
                std::this_thread::sleep_for(i * 1ms);
                test_client client(port, kind);
                const bool is_whole = i % 2 == 0;
                if (!client.is_connected() ||
                    !client.send(is_whole ? signed_request("event " + std::to_string(i))
                                          : std::string{sent_by_half}))
                    return; // Refused, or reset already.
                if (!is_whole || status_of(client.receive_response()) != 200) {
                    EXPECT_EQ(client.wait_for_end(), ending::reset) << i;
                }
            });
        std::this_thread::sleep_for(25ms);
        server->subject().stop_accepting();
        server->subject().drain(clock::now() + 500ms);
        server->stop_threads();
        server.reset();
        for (std::thread& one : clients)
            one.join();
    }
}

} // namespace
} // namespace outreachd::ingress
