/// The server's bounds: sizes, time, connections, and its end.
#include "daemon/admin/client.hpp"
#include "tests/unit/admin/stored_events.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace outreachd::admin {
namespace {

using namespace std::chrono_literals;

/// A request whose head, with the empty line at its end, is `size` bytes long: by a long field, or a long
/// path.
std::string with_field(std::size_t size) {
    const std::string rest = get_request("/livez", "X-Padding: \r\n");
    return get_request("/livez", "X-Padding: " + std::string(size - rest.size(), 'x') + "\r\n");
}

std::string with_path(std::size_t size) {
    return get_request("/" + std::string(size - get_request("/").size(), 'x'));
}

std::string with_body(std::size_t size) {
    return "POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'x');
}

TEST(Server, HeadIsTakenUpToItsLimit) {
    running_server server;
    EXPECT_EQ(status_of(server.ask(with_field(8 * 1024))), 200U);
    EXPECT_EQ(status_of(server.ask(with_path(8 * 1024))), 404U);
    for (const std::size_t size : {8U * 1024 + 1, 8U * 1024 + 100, 200U * 1024}) {
        EXPECT_EQ(status_of(server.ask(with_field(size))), 431U) << size;
        EXPECT_EQ(status_of(server.ask(with_path(size))), 431U) << size;
    }
}

TEST(Server, HeadMayComeByteByByte) {
    running_server server;
    raw_client client{server.subject->port()};
    for (const char c : get_request("/livez"))
        client.send({&c, 1});
    EXPECT_EQ(status_of(client.read_answer()), 200U);
}

TEST(Server, BodyIsTakenUpToItsLimit) {
    running_server server;
    EXPECT_EQ(status_of(server.ask(with_body(64 * 1024))), 405U);
    EXPECT_EQ(status_of(server.ask(with_body(64 * 1024 + 1))), 413U);
}

TEST(Server, MalformedRequestsAreRefusedAndClosed) {
    running_server server;
    for (const std::string bytes : {
             "GET /livez HTTP/1.1\r\n\r\n", // No Host.
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
         }) {
        EXPECT_EQ(status_of(server.ask(bytes)), 400U) << bytes;
    }
    for (const std::string bytes : {
             "nonsense\r\n\r\n",
             "GET /livez\r\n\r\n",
             "GET  /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
             "GET /livez HTTP/1.1\r\nHost : localhost\r\n\r\n",
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
         }) {
        raw_client client{server.subject->port()};
        client.send(bytes);
        EXPECT_EQ(status_of(client.read_answer()), 400U) << bytes;
        EXPECT_TRUE(client.is_closed()) << bytes;
    }
}

TEST(Server, ConnectionServesManyRequests) {
    running_server server;
    raw_client client{server.subject->port()};
    for (int i = 0; i < 3; ++i) {
        client.send(get_request("/livez"));
        EXPECT_EQ(status_of(client.read_answer()), 200U);
    }
    // Sent at once, answered in order.
    client.send(get_request("/livez") + get_request("/nothing") + get_request("/api/events") +
                get_request("/livez"));
    for (const unsigned status : {200U, 404U, 200U, 200U})
        EXPECT_EQ(status_of(client.read_answer()), status);
}

TEST(Server, ConnectionEndsWhenAskedTo) {
    running_server server;
    for (const char* const bytes : {"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                                    "GET /livez HTTP/1.0\r\n\r\n"}) {
        raw_client client{server.subject->port()};
        client.send(bytes);
        EXPECT_EQ(status_of(client.read_answer()), 200U) << bytes;
        EXPECT_TRUE(client.is_closed()) << bytes;
    }
}

TEST(Server, BytesOfBodyAreNeverNextRequest) {
    running_server server;
    const std::string inner = get_request("/livez");
    for (const std::string& bytes : {
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(inner.size()) +
                 "\r\n\r\n" + inner,
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, gzip\r\n\r\n" + inner,
             "GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n" + inner,
         }) {
        raw_client client{server.subject->port()};
        client.send(bytes);
        client.read_answer();
        EXPECT_TRUE(client.is_closed()) << bytes;
    }
}

TEST(Server, SlowClientIsCutOff) {
    running_server server;
    raw_client silent{server.subject->port()};
    raw_client half{server.subject->port()};
    half.send("GET /livez HTTP/1.1\r\nHost: loc");
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(silent.is_closed());
    EXPECT_TRUE(half.is_closed());
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GT(took, 4s);
    EXPECT_LT(took, 15s);
}

TEST(Server, LongestWaitingGivesWay) {
    running_server server;
    std::vector<std::unique_ptr<raw_client>> idle;
    // Each has been served once, so that the order in which they wait is known.
    for (int i = 0; i < 64; ++i) {
        idle.push_back(std::make_unique<raw_client>(server.subject->port()));
        idle.back()->send(get_request("/livez"));
        ASSERT_EQ(status_of(idle.back()->read_answer()), 200U);
    }
    raw_client one_more{server.subject->port()};
    one_more.send(get_request("/livez"));
    EXPECT_EQ(status_of(one_more.read_answer()), 200U);
    EXPECT_TRUE(idle.front()->is_closed());
    for (std::size_t i = 1; i < idle.size(); ++i) {
        idle[i]->send(get_request("/livez"));
        EXPECT_EQ(status_of(idle[i]->read_answer()), 200U) << i;
    }
}

TEST(Server, ClientsThatLeaveMakeRoom) {
    running_server server;
    for (int i = 0; i < 300; ++i)
        EXPECT_EQ(status_of(server.get("/livez")), 200U) << i;
}

TEST(Server, LargeAnswerArrivesWhole) {
    running_server server;
    const std::string body = R"({"data":")" + std::string(3'000'000, 'x') + R"("})";
    const auto appended = store::append(server.events, body);
    ASSERT_FALSE(appended.ec);
    const std::string answer = server.get("/api/events/" + outreachd::to_string(appended.result.id));
    EXPECT_EQ(status_of(answer), 200U);
    EXPECT_NE(answer.find(std::string(3'000'000, 'x')), std::string::npos);
    EXPECT_TRUE(answer.ends_with('}'));
}

TEST(Server, RefusedClientsThatStayGiveWay) {
    running_server server;
    std::vector<std::unique_ptr<raw_client>> refused;
    for (int i = 0; i < 64; ++i) {
        refused.push_back(std::make_unique<raw_client>(server.subject->port()));
        refused.back()->send("nonsense\r\n\r\n");
    }
    for (const auto& each : refused)
        ASSERT_EQ(status_of(each->read_answer()), 400U);
    // The server reads on for a second, so that none of the refusals is lost.
    EXPECT_EQ(status_of(server.get("/livez")), 200U);
}

TEST(Server, SendsOneLargeAnswerAtATime) {
    running_server server;
    // More than the sockets' buffers take, so that it waits for its client.
    constexpr std::size_t body_bytes = 16'000'000;
    const auto appended =
        store::append(server.events, R"({"data":")" + std::string(body_bytes, 'x') + R"("})");
    ASSERT_FALSE(appended.ec);
    const std::string target = "/api/events/" + outreachd::to_string(appended.result.id);
    raw_client first{server.subject->port()};
    first.send(get_request(target));
    const std::string head = first.read_answer(false);
    ASSERT_EQ(status_of(head), 200U);
    constexpr std::string_view length_name = "\r\nContent-Length: ";
    const std::size_t size =
        head.size() + std::stoul(head.substr(head.find(length_name) + length_name.size()));
    const std::string refused = server.get(target);
    EXPECT_EQ(status_of(refused), 503U);
    EXPECT_NE(refused.find("of more than 1 MiB"), std::string::npos) << refused;
    EXPECT_EQ(status_of(server.get("/api/events?limit=1")), 200U);
    // The rest of the first, to its end, and then the next on that connection.
    first.send(get_request("/livez"));
    EXPECT_EQ(first.read_bytes(size - head.size()), size - head.size());
    EXPECT_EQ(status_of(first.read_answer()), 200U);
    EXPECT_EQ(status_of(server.get(target)), 200U);
}

/// Whoever leaves a page closes what it has asked: its searches wait for nobody.
TEST(Server, WhatClientsHaveLeftKeepsNobodyWaiting) {
    std::promise<void> let_go;
    running_server server;
    const auto appended = store::append(server.events, store::task_body(1));
    ASSERT_FALSE(appended.ec);
    keep_request(server, "doubtful");
    server.doubtful.recheck([is_let_go = let_go.get_future().share()](received_request&) {
        is_let_go.wait(); // meanwhile each question takes all of its 4 s
        return store::quarantine::hearing::refused;
    });

    raw_client busy{server.subject->port()};
    std::unique_lock held{server.mutex}; // where its event goes to can't be told
    const std::string target = "/api/events/" + outreachd::to_string(appended.result.id) + "/replay";
    busy.send("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
              "Content-Length: 2\r\n\r\n{}");
    EXPECT_EQ(status_of(server.get("/api/configuration")), 200U);
    for (int i = 0; i < 3; ++i) {
        raw_client left{server.subject->port()};
        left.send(get_request("/api/quarantine"));
    }
    raw_client next{server.subject->port()};
    next.send(get_request("/api/events?limit=1"));
    for (int i = 0; i < 3; ++i) // by then the server has heard of them all
        EXPECT_EQ(status_of(server.get("/api/configuration")), 200U);
    const auto begun = std::chrono::steady_clock::now();
    held.unlock();
    EXPECT_EQ(status_of(next.read_answer()), 200U);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
    let_go.set_value();
}

/// It may have sent more than one request, and is there still.
TEST(Server, ClientThatAsksOnWhileItWaitsIsAnswered) {
    running_server server;
    raw_client client{server.subject->port()};
    client.send(get_request("/api/events?limit=1"));
    client.send(get_request("/api/quarantine"));
    EXPECT_EQ(status_of(client.read_answer()), 200U);
    EXPECT_EQ(status_of(client.read_answer()), 200U);
}

TEST(Server, StopEndsIdleConnectionsAtOnce) {
    running_server server;
    raw_client idle{server.subject->port()};
    idle.send(get_request("/livez"));
    EXPECT_EQ(status_of(idle.read_answer()), 200U);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(server.subject->stop(begun + 20s));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
    EXPECT_TRUE(idle.is_closed());
    EXPECT_TRUE(server.subject->stop(begun + 20s)); // Again does nothing.
}

TEST(Server, SaysWhereItCannotListen) {
    running_server first;
    settings::admin taken;
    taken.port = first.subject->port();
    try {
        running_server second{taken};
        FAIL() << "two servers listen on one port";
    } catch (const std::runtime_error& refused) {
        EXPECT_EQ(refused.what(), "admin: can't listen on 127.0.0.1 port " + std::to_string(taken.port) +
                                      ": Address already in use");
    }
    settings::admin unknown = on_free_port();
    unknown.address = "not an address";
    EXPECT_THROW(running_server{unknown}, std::runtime_error);
}

TEST(Server, CommandLineClientIsServed) {
    settings::admin configured = on_free_port("tok-en");
    running_server server{configured};
    configured.port = server.subject->port();
    const auto answered = client{configured}.get("/api/events?limit=1");
    ASSERT_TRUE(std::holds_alternative<client_answer>(answered))
        << std::get<client_failure>(answered).message;
    EXPECT_EQ(std::get<client_answer>(answered).status, 200U);
    EXPECT_EQ(std::get<client_answer>(answered).body, "[]");
    configured.token = secret{"other"};
    const auto refused = client{configured}.get("/api/events");
    ASSERT_TRUE(std::holds_alternative<client_answer>(refused));
    EXPECT_EQ(std::get<client_answer>(refused).status, 401U);
}

} // namespace
} // namespace outreachd::admin
