/// Every limit of `listen.limits` bites: at its value a request is served, just above it isn't.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/wire_client.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;

#ifdef OUTREACHD_SANITIZED
constexpr auto tolerance = 1500ms;
#else
constexpr auto tolerance = 400ms;
#endif

configuration limited(const std::string& limits) {
    configuration what;
    what.limits = limits;
    return what;
}

/// A signed post whose head is exactly `bytes` long.
std::string with_head_of(std::size_t bytes) {
    const std::string body = numbered_body(bytes);
    const std::size_t plain = signed_post(body, "X-Fill: \r\n").size() - body.size();
    return signed_post(body, "X-Fill: " + std::string(bytes - plain, 'x') + "\r\n");
}

void expect_ending(ending got, std::chrono::steady_clock::time_point began,
                   std::chrono::milliseconds expected) {
    EXPECT_NE(got, ending::silent);
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    EXPECT_GE(took, expected - 20ms);
    EXPECT_LE(took, expected + tolerance);
}

TEST(Limits, Headers) {
    daemon_under_test daemon(limited("{headers: 2KiB}"));
    daemon.start();
    wire_client at(daemon.port());
    ASSERT_TRUE(at.send(with_head_of(2048)));
    EXPECT_EQ(at.read_answer().status, 200);
    wire_client above(daemon.port());
    ASSERT_TRUE(above.send(with_head_of(2049)));
    EXPECT_EQ(above.read_answer().status, 431);
    EXPECT_EQ(above.read_end(), ending::closed);
}

TEST(Limits, BodyByLengthAndByChunks) {
    daemon_under_test daemon(limited("{body: 64KiB}"));
    daemon.start();
    const std::string fits(65536, ' ');
    const std::string too_long(65537, ' ');
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post(fits)));
    EXPECT_EQ(client.read_answer().status, 200);
    wire_client above(daemon.port());
    above.send(signed_post(too_long));
    EXPECT_EQ(above.read_answer().status, 413);

    const auto chunked = [](const std::string& body) {
        return "POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
               "Outreach-Webhook-Signature: " +
               signature_of(body) + "\r\n\r\n8000\r\n" + body.substr(0, 0x8000) + "\r\n" +
               (body.size() > 65536 ? "8001" : "8000") + "\r\n" + body.substr(0x8000) + "\r\n0\r\n\r\n";
    };
    wire_client chunks(daemon.port());
    ASSERT_TRUE(chunks.send(chunked(fits)));
    EXPECT_EQ(chunks.read_answer().status, 200);
    wire_client chunks_above(daemon.port());
    chunks_above.send(chunked(too_long));
    EXPECT_EQ(chunks_above.read_answer().status, 413);
}

TEST(Limits, DefaultBodyIsSixteenMebibytes) {
    daemon_under_test daemon;
    daemon.start();
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post(std::string(16 * 1024 * 1024, 'x'))));
    EXPECT_EQ(client.read_answer().status, 200);
    wire_client above(daemon.port());
    above.send("POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777217\r\n\r\n");
    EXPECT_EQ(above.read_answer().status, 413);
}

TEST(Limits, ConnectionsWithARequestInHandKeepTheirPlaces) {
    daemon_under_test daemon(limited("{connections: 20}"));
    daemon.start();
    std::vector<std::unique_ptr<wire_client>> held;
    const std::string request = signed_post(numbered_body(1));
    for (std::uint64_t i = 0; i < 20; ++i) {
        held.push_back(std::make_unique<wire_client>(daemon.port()));
        ASSERT_TRUE(held.back()->send(request.substr(0, 30)));
    }
    wire_client above(daemon.port(), wire_client::transport::plain);
    EXPECT_EQ(above.read_end(2s), ending::reset) << "no status: the sender tries again";
    for (const auto& one : held) {
        ASSERT_TRUE(one->send(request.substr(30)));
        EXPECT_EQ(one->read_answer().status, 200);
    }
}

TEST(Limits, IdleConnectionsMakeRoomForOthers) {
    daemon_under_test daemon(limited("{connections: 20}"));
    daemon.start();
    std::vector<std::unique_ptr<wire_client>> held;
    for (std::uint64_t i = 0; i < 60; ++i)
        ASSERT_TRUE(eventually([&] {
            held.push_back(std::make_unique<wire_client>(daemon.port()));
            return held.back()->is_connected() && held.back()->send(signed_post(numbered_body(i))) &&
                   held.back()->read_answer().status == 200;
        })) << i;
    EXPECT_EQ(held.front()->read_end(), ending::closed) << "it was idle for longest";
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_connections") <= 21; }));
    ASSERT_TRUE(held.back()->send(signed_post(numbered_body(99))));
    EXPECT_EQ(held.back()->read_answer().status, 200);
}

/// Starts the program with `ulimit OPTIONS`.
std::vector<std::string> with_open_files(const std::string& options) {
    return {"sh", "-c", "ulimit " + options + " && exec \"$@\"", "sh"};
}

TEST(Limits, TheSoftLimitOnOpenFilesIsRaised) {
    daemon_under_test daemon;
    daemon.start(with_open_files("-Sn 64"));
    std::vector<std::unique_ptr<wire_client>> held;
    for (std::uint64_t i = 0; i < 100; ++i) {
        held.push_back(std::make_unique<wire_client>(daemon.port()));
        ASSERT_TRUE(held.back()->send(signed_post(numbered_body(i))));
        ASSERT_EQ(held.back()->read_answer().status, 200) << i;
    }
}

TEST(Limits, ConnectionsThatDoNotFitIntoTheHardLimitOnOpenFilesAreReset) {
    daemon_under_test daemon;
    daemon.start(with_open_files("-n 320"));
    EXPECT_TRUE(eventually([&] {
        return daemon.log().find("configured=10000 connections=160 open_files_max=320") != std::string::npos;
    })) << daemon.log();
    std::vector<std::unique_ptr<wire_client>> busy;
    for (std::uint64_t i = 0; i < 160; ++i) {
        busy.push_back(std::make_unique<wire_client>(daemon.port(), wire_client::transport::plain));
        ASSERT_TRUE(busy.back()->is_connected());
    }
    ASSERT_TRUE(eventually([&] { return daemon.metric("outreachd_connections") >= 160; }, 3s));
    wire_client above(daemon.port(), wire_client::transport::plain);
    EXPECT_EQ(above.read_end(2s), ending::reset) << "it must not wait in the backlog";
}

TEST(Limits, HandshakeTimeout) {
    daemon_under_test daemon(limited("{handshake_timeout: 1s}"));
    daemon.start();
    const auto began = std::chrono::steady_clock::now();
    wire_client silent(daemon.port(), wire_client::transport::plain);
    expect_ending(silent.read_end(), began, 1s);
}

TEST(Limits, HeaderTimeout) {
    daemon_under_test daemon(limited("{header_timeout: 1s}"));
    daemon.start();
    wire_client slow(daemon.port());
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(slow.send("POST /webhooks/outreach HTTP/1.1\r\n"));
    expect_ending(slow.read_end(), began, 1s);
}

TEST(Limits, BodyTimeout) {
    daemon_under_test daemon(limited("{body_timeout: 1s}"));
    daemon.start();
    wire_client slow(daemon.port());
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(
        slow.send("POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"));
    expect_ending(slow.read_end(), began, 1s);
}

TEST(Limits, IdleTimeoutClosesCleanly) {
    daemon_under_test daemon(limited("{idle_timeout: 1s}"));
    daemon.start();
    wire_client idle(daemon.port());
    ASSERT_TRUE(idle.send(signed_post(numbered_body(1))));
    ASSERT_EQ(idle.read_answer().status, 200);
    const auto began = std::chrono::steady_clock::now();
    const ending end = idle.read_end();
    expect_ending(end, began, 1s);
    EXPECT_EQ(end, ending::closed);
}

TEST(Limits, ARequestIsResetFourSecondsAfterItsFirstByte) {
    daemon_under_test daemon;
    daemon.start();
    wire_client kept(daemon.port());
    ASSERT_TRUE(kept.send(signed_post(numbered_body(1))));
    ASSERT_EQ(kept.read_answer().status, 200);
    sleep_for(1500ms); // idle time doesn't count
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(
        kept.send("POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc"));
    const ending end = kept.read_end();
    expect_ending(end, began, 4s);
    EXPECT_EQ(end, ending::reset);
}

} // namespace
} // namespace outreachd::tests
