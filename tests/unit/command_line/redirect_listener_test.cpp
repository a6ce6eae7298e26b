/// What comes to the port that a browser returns to.
#include "daemon/command_line/redirect_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::command_line {
namespace {

using arrival_kind = redirect_listener::arrival::kind;

/// A connection to a port of 127.0.0.1.
class dialled {
public:
    explicit dialled(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        is_connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    }

    ~dialled() { ::close(socket_); }

    dialled(const dialled&) = delete;
    dialled& operator=(const dialled&) = delete;

    bool is_connected() const noexcept { return is_connected_; }

    void say(const std::string& text) const {
        EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }

    /// All until the other side closes.
    std::string hear() const {
        std::string heard;
        char block[4096];
        for (ssize_t size = 0; (size = ::recv(socket_, block, sizeof block, 0)) > 0;)
            heard.append(block, static_cast<std::size_t>(size));
        return heard;
    }

private:
    int socket_;
    bool is_connected_ = false;
};

steady_time in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

TEST(RedirectListener, ReadsARequestThatComesInPieces) {
    const auto opened = redirect_listener::open("127.0.0.1", 0);
    ASSERT_TRUE(opened.listener) << opened.problem;
    const dialled browser{opened.listener->port()};
    browser.say("GET /callback?code=x HT");
    EXPECT_EQ(opened.listener->wait(in(std::chrono::milliseconds{20})).what, arrival_kind::nothing);
    browser.say("TP/1.1\r\nHost: x\r\n\r\n");
    const auto came = opened.listener->wait(in(std::chrono::seconds{10}));
    EXPECT_EQ(came.what, arrival_kind::request);
    EXPECT_EQ(came.target, "/callback?code=x");
    opened.listener->answer(200, "Done.");
    const std::string heard = browser.hear();
    EXPECT_THAT(heard, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(heard, testing::HasSubstr("<p>Done.</p>"));
    EXPECT_THAT(heard, testing::HasSubstr("Cache-Control: no-store\r\n"));
}

TEST(RedirectListener, IsNotHeldUpByConnectionsThatSayNothing) {
    const auto opened = redirect_listener::open("127.0.0.1", 0);
    std::vector<std::unique_ptr<dialled>> silent;
    for (int count = 0; count < 20; ++count) {
        silent.push_back(std::make_unique<dialled>(opened.listener->port()));
        EXPECT_EQ(opened.listener->wait(in(std::chrono::milliseconds{5})).what, arrival_kind::nothing);
    }
    const dialled browser{opened.listener->port()};
    browser.say("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(opened.listener->wait(in(std::chrono::seconds{10})).what, arrival_kind::request);
}

TEST(RedirectListener, ClosesWhatSaysTooMuchOrNothingItKnows) {
    const auto opened = redirect_listener::open("127.0.0.1", 0);
    const dialled endless{opened.listener->port()};
    endless.say("GET /" + std::string(17UL * 1024, 'x'));
    const dialled posting{opened.listener->port()};
    posting.say("POST / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(opened.listener->wait(in(std::chrono::milliseconds{200})).what, arrival_kind::nothing);
    EXPECT_EQ(endless.hear(), "");
    EXPECT_THAT(posting.hear(), testing::StartsWith("HTTP/1.1 405 "));
}

TEST(RedirectListener, TellsOfWhatCanBeReadBesideIt) {
    const auto opened = redirect_listener::open("127.0.0.1", 0);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::write(ends[1], "x", 1), 1);
    EXPECT_EQ(opened.listener->wait(in(std::chrono::seconds{10}), ends[0]).what, arrival_kind::input);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST(RedirectListener, SaysWhyItCannotListen) {
    const auto first = redirect_listener::open("127.0.0.1", 0);
    const auto second = redirect_listener::open("127.0.0.1", first.listener->port());
    EXPECT_FALSE(second.listener);
    EXPECT_THAT(second.problem, testing::HasSubstr("Address already in use"));
}

} // namespace
} // namespace outreachd::command_line
