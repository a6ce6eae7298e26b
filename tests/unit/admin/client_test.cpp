/// The command line's client: what it makes of answers, and of nobody there.
#include "daemon/admin/client.hpp"
#include "daemon/admin/event_query.hpp"
#include "daemon/text/percent_encode.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::admin {
namespace {

TEST(ClientAnswer, IsReadWhole) {
    const auto read =
        parse_answer("HTTP/1.1 503 Service Unavailable\r\nA: b\r\ncontent-LENGTH:  5\r\n\r\nhello");
    const auto* const answered = std::get_if<client_answer>(&read);
    ASSERT_NE(answered, nullptr);
    EXPECT_EQ(answered->status, 503U);
    EXPECT_EQ(answered->body, "hello");
    EXPECT_FALSE(answered->ended_early.has_value());
}

TEST(ClientAnswer, TellsWhereASearchWasEnded) {
    const auto read = parse_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nsearch-ended-at: an-id\r\n"
                                   "Search-Ended-Time: 2026-11-21T08:22:55.123Z\r\n\r\n[]");
    const auto* const answered = std::get_if<client_answer>(&read);
    ASSERT_NE(answered, nullptr);
    ASSERT_TRUE(answered->ended_early.has_value());
    EXPECT_EQ(answered->ended_early->id, "an-id");
    EXPECT_EQ(answered->ended_early->received_at, "2026-11-21T08:22:55.123Z");
}

TEST(ClientAnswer, AnythingElseIsRefused) {
    struct {
        const char* label;
        const char* bytes;
    } const cases[] = {
        {"nothing", ""},
        {"no end of head", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"},
        {"other protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
        {"other version", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"no status", "HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"},
        {"short status", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
        {"long status", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"},
        {"no length", "HTTP/1.1 200 OK\r\n\r\n"},
        {"bad length", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello"},
        {"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"},
        {"too much", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello"},
    };

    for (const auto& each : cases)
        EXPECT_TRUE(std::holds_alternative<client_failure>(parse_answer(each.bytes))) << each.label;
}

TEST(Client, WildcardsAreLoopback) {
    struct {
        const char* address;
        const char* place;
    } const cases[] = {
        {"0.0.0.0", "127.0.0.1:9464"},
        {"::", "[::1]:9464"},
        {"10.1.2.3", "10.1.2.3:9464"},
        {"fd00::1", "[fd00::1]:9464"},
    };

    for (const auto& each : cases) {
        settings::admin configured;
        configured.address = each.address;
        EXPECT_EQ(client{configured}.place(), each.place);
    }
}

TEST(Client, SaysThatNobodyIsThere) {
    // A socket that is bound and doesn't listen keeps the port from everybody else, and refuses.
    const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&here), size), 0);
    ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&here), &size), 0);
    settings::admin configured;
    configured.port = ntohs(here.sin_port);
    const auto answered = client{configured}.get("/livez");
    ASSERT_TRUE(std::holds_alternative<client_failure>(answered));
    EXPECT_EQ(std::get<client_failure>(answered).message,
              "outreachd isn't running at 127.0.0.1:" + std::to_string(configured.port) +
                  " (connection refused)");
    ::close(taken);
}

TEST(Client, GivesUpOnOneThatNeverAnswers) {
    const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ASSERT_EQ(::bind(silent, reinterpret_cast<const sockaddr*>(&here), size), 0);
    ASSERT_EQ(::listen(silent, 1), 0);
    ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&here), &size), 0);
    settings::admin configured;
    configured.port = ntohs(here.sin_port);
    const auto answered = client{configured, std::chrono::milliseconds{50}}.get("/livez");
    ASSERT_TRUE(std::holds_alternative<client_failure>(answered));
    EXPECT_NE(std::get<client_failure>(answered).message.find("didn't answer (connection timed out)"),
              std::string::npos)
        << std::get<client_failure>(answered).message;
    ::close(silent);
}

TEST(Client, SaysWhatIsWrongWithTheSettings) {
    settings::admin configured;
    configured.port = 0;
    EXPECT_TRUE(std::holds_alternative<client_failure>(client{configured}.get("/livez")));
    configured.port = 1;
    configured.address = "not an address";
    EXPECT_TRUE(std::holds_alternative<client_failure>(client{configured}.get("/livez")));
}

TEST(PercentEncode, IsUndoneByTheServer) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte)
        all += static_cast<char>(byte);
    const std::string encoded = percent_encode(all);
    EXPECT_EQ(percent_decode(encoded), all);
    EXPECT_EQ(encoded.find_first_of("&=+ ?#/"), std::string::npos);
    EXPECT_EQ(percent_encode("task:1 2"), "task%3A1%202");
}

} // namespace
} // namespace outreachd::admin
