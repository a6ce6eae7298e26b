/// Requests against servers that behave, misbehave, and go away.
#include "handlers/http_transport.hpp"
#include "tests/servers/scripted_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>

namespace outreachd::handlers {
namespace {

using namespace test_servers;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

scripted_answer raw_answer(std::string bytes, bool is_last = false) {
    return {.bytes = std::move(bytes), .is_last = is_last};
}

http_request post_to(const scripted_server& server, std::string_view body = "the body",
                     milliseconds timeout = seconds{20}) {
    return {.method = "POST",
            .url = "http://127.0.0.1:" + std::to_string(server.port()) + "/in?q=1",
            .headers = {{"Content-Type", "text/plain"}, {"X-Empty", ""}, {"X-Test", "yes"}},
            .body = body,
            .deadline = std::chrono::steady_clock::now() + timeout};
}

TEST(HttpTransport, SendsTheRequestAndNothingElse) {
    scripted_server server{[](const recorded_request&) { return http_ok("fine"); }};
    http_transport transport{{}};
    const http_answer answer = transport.send(post_to(server));
    EXPECT_THAT(answer.problem, IsEmpty());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "fine");
    ASSERT_EQ(server.requests().size(), 1U);
    const recorded_request got = server.requests()[0];
    EXPECT_EQ(got.head, "POST /in?q=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                            "\r\nAccept: */*\r\nContent-Type: text/plain\r\nX-Empty:\r\nX-Test: yes\r\n"
                            "Content-Length: 8\r\n");
    EXPECT_EQ(got.body, "the body");
}

TEST(HttpTransport, SendsLargeAndEmptyAndAbsentBodies) {
    scripted_server server{[](const recorded_request&) { return http_ok(); }};
    http_transport transport{{}};
    const std::string large(3UL * 1024 * 1024, 'x');
    EXPECT_EQ(transport.send(post_to(server, large)).status, 200);
    EXPECT_EQ(transport.send(post_to(server, {})).status, 200);
    http_request without = post_to(server);
    without.method = "DELETE";
    without.body = std::nullopt;
    without.headers.clear();
    EXPECT_EQ(transport.send(without).status, 200);
    EXPECT_EQ(transport.send(post_to(server)).status, 200);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_TRUE(requests[0].body == large);
    EXPECT_FALSE(requests[0].headers.contains("expect"));
    EXPECT_EQ(requests[1].headers.at("content-length"), "0");
    EXPECT_TRUE(requests[2].line.starts_with("DELETE /in"));
    EXPECT_FALSE(requests[2].headers.contains("content-length"));
    EXPECT_FALSE(requests[2].headers.contains("content-type"));
    EXPECT_EQ(requests[3].body, "the body");
}

TEST(HttpTransport, KeepsAConnectionForTheNextRequest) {
    scripted_server server{[](const recorded_request&) { return http_ok("fine"); }};
    http_transport transport{{}};
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(transport.send(post_to(server)).status, 200);
    EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpTransport, KeepsOneForEachThreadAtMost) {
    scripted_server server{[](const recorded_request&) { return http_ok("fine"); }};
    http_transport transport{{}};
    std::atomic<int> answered = 0;
    {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < 8; ++worker)
            workers.emplace_back([&] {
                for (int i = 0; i < 25; ++i)
                    answered += transport.send(post_to(server)).status == 200 ? 1 : 0;
            });
    }
    EXPECT_EQ(answered, 200);
    EXPECT_LE(server.connections(), 8U);
}

/// The server closes each connection behind its answer without saying so.
TEST(HttpTransport, SendsOnAFreshConnectionWhereTheKeptOneIsClosed) {
    scripted_server server{[](const recorded_request&) {
        scripted_answer answer = http_ok("fine");
        answer.is_last = true;
        return answer;
    }};
    http_transport transport{{}};
    for (std::size_t i = 1; i <= 12; ++i) {
        const http_answer answer = transport.send(post_to(server));
        EXPECT_EQ(answer.status, 200) << i << " " << answer.problem;
        server.wait_until_closed(i);
    }
    EXPECT_EQ(server.requests().size(), 12U);
}

/// It closes while the next request is on its way, which looks like an answer that never came.
TEST(HttpTransport, SendsAnewWhereTheKeptConnectionIsResetUnderIt) {
    scripted_server server{[seen = std::make_shared<std::atomic<int>>(0)](const recorded_request&) {
        scripted_answer answer = http_ok("fine");
        answer.is_reset = ++*seen % 2 == 0;
        return answer;
    }};
    http_transport transport{{}};
    for (int i = 0; i < 6; ++i) {
        const http_answer answer = transport.send(post_to(server));
        EXPECT_EQ(answer.status, 200) << answer.problem;
    }
}

TEST(HttpTransport, SendsNothingAnewThatMustNotBeRepeated) {
    scripted_server server{[seen = std::make_shared<std::atomic<int>>(0)](const recorded_request&) {
        scripted_answer answer = http_ok("fine");
        answer.is_reset = ++*seen % 2 == 0;
        return answer;
    }};
    http_transport transport{{}};
    for (int i = 0; i < 6; ++i) {
        http_request request = post_to(server);
        request.is_repeatable = false;
        const http_answer answer = transport.send(request);
        EXPECT_TRUE(answer.was_sent) << i;
        if (i % 2 == 0) {
            EXPECT_EQ(answer.status, 200) << answer.problem;
        } else {
            EXPECT_EQ(answer.status, 0);
            EXPECT_EQ(answer.problem, "the connection was lost before an answer came");
        }
    }
    EXPECT_EQ(server.requests().size(), 6U);
}

/// What is closed before the request is noticed, and costs nothing.
TEST(HttpTransport, SendsUnrepeatablesOnAFreshConnectionWhereTheKeptOneIsClosed) {
    scripted_server server{[](const recorded_request&) {
        scripted_answer answer = http_ok("fine");
        answer.is_last = true;
        return answer;
    }};
    http_transport transport{{}};
    for (std::size_t i = 1; i <= 6; ++i) {
        http_request request = post_to(server);
        request.is_repeatable = false;
        const http_answer answer = transport.send(request);
        EXPECT_EQ(answer.status, 200) << i << " " << answer.problem;
        server.wait_until_closed(i);
    }
    EXPECT_EQ(server.requests().size(), 6U);
}

TEST(HttpTransport, TellsWhatWasSentFromWhatWasNot) {
    scripted_server silent{[](const recorded_request&) { return raw_answer(""); }};
    scripted_server speaking{[](const recorded_request&) { return http_ok(); }};
    http_transport transport{{}};
    EXPECT_TRUE(transport.send(post_to(silent, "x", milliseconds{300})).was_sent);
    EXPECT_TRUE(transport.send(post_to(speaking)).was_sent);
    EXPECT_FALSE(transport.send(post_to(speaking, "x", milliseconds{-1})).was_sent);
    const auto to = [](std::string url) {
        return http_request{
            "POST", std::move(url), {}, std::string_view{"x"}, std::chrono::steady_clock::now() + seconds{3}};
    };
    EXPECT_FALSE(transport.send(to("http://127.0.0.1:" + std::to_string(unused_port()) + "/")).was_sent);
    EXPECT_FALSE(transport.send(to("http://no-such-host.invalid/")).was_sent);
    // A server that doesn't speak TLS.
    EXPECT_FALSE(transport.send(to("https://127.0.0.1:" + std::to_string(speaking.port()) + "/")).was_sent);
}

TEST(HttpTransport, SaysThatNoAnswerCame) {
    scripted_server server{[](const recorded_request&) { return raw_answer(""); }};
    http_transport transport{{}};
    const auto begin = std::chrono::steady_clock::now();
    const http_answer answer = transport.send(post_to(server, "x", milliseconds{300}));
    EXPECT_EQ(answer.status, 0);
    EXPECT_EQ(answer.problem.substr(0, 17), "no answer within ");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{5});
}

TEST(HttpTransport, SaysThatTheAnswerCameTooLate) {
    scripted_server server{[](const recorded_request&) {
        std::this_thread::sleep_for(milliseconds{700});
        return http_ok();
    }};
    http_transport transport{{}};
    EXPECT_THAT(transport.send(post_to(server, "x", milliseconds{250})).problem,
                HasSubstr("no answer within "));
}

TEST(HttpTransport, SaysThatTheAnswerBrokeOff) {
    scripted_server server{[](const recorded_request&) {
        return raw_answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true);
    }};
    http_transport transport{{}};
    const http_answer answer = transport.send(post_to(server));
    EXPECT_THAT(answer.problem, HasSubstr("the answer broke off"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "half");
}

TEST(HttpTransport, SaysThatTheAnswerStoppedHalfWay) {
    scripted_server server{[](const recorded_request&) {
        return raw_answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    }};
    http_transport transport{{}};
    const http_answer answer = transport.send(post_to(server, "x", milliseconds{300}));
    EXPECT_THAT(answer.problem, HasSubstr("no whole answer within "));
    EXPECT_EQ(answer.body, "half");
}

TEST(HttpTransport, SaysThatTheHeadBrokeOff) {
    for (const char* head :
         {"HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1."}) {
        scripted_server server{[&](const recorded_request&) { return raw_answer(head, true); }};
        http_transport transport{{}};
        EXPECT_THAT(transport.send(post_to(server)).problem, Not(IsEmpty())) << head;
    }
}

TEST(HttpTransport, SaysThatTheConnectionWasClosedOrReset) {
    scripted_server closing{[](const recorded_request&) { return raw_answer("", true); }};
    scripted_server resetting{[](const recorded_request&) { return scripted_answer{.is_reset = true}; }};
    http_transport transport{{}};
    EXPECT_EQ(transport.send(post_to(closing)).problem, "the connection was closed without an answer");
    EXPECT_THAT(transport.send(post_to(resetting)).problem, HasSubstr("reset"));
}

TEST(HttpTransport, SaysThatNobodyListens) {
    http_transport transport{{}};
    const http_request request{.method = "POST",
                               .url = "http://127.0.0.1:" + std::to_string(unused_port()) + "/",
                               .headers = {},
                               .body = "x",
                               .deadline = std::chrono::steady_clock::now() + seconds{10}};
    EXPECT_THAT(transport.send(request).problem, HasSubstr("connect"));
}

TEST(HttpTransport, SaysThatAHostIsUnknown) {
    http_transport transport{{}};
    const http_request request{.method = "POST",
                               .url = "http://no-such-host.invalid/",
                               .headers = {},
                               .body = "x",
                               .deadline = std::chrono::steady_clock::now() + seconds{5}};
    EXPECT_THAT(transport.send(request).problem,
                AnyOf(HasSubstr("no-such-host.invalid"), HasSubstr("no connection within")));
}

TEST(HttpTransport, SendsNothingWhereItsTimeIsUp) {
    scripted_server server{[](const recorded_request&) { return http_ok(); }};
    http_transport transport{{}};
    EXPECT_EQ(transport.send(post_to(server, "x", milliseconds{-1})).problem,
              "there was no time left for it");
    EXPECT_THAT(server.requests(), IsEmpty());
}

TEST(HttpTransport, KeepsTheFirstBytesOfAHugeAnswerAndCutsTheRest) {
    std::string body = "first ";
    body.append(8UL * 1024 * 1024, 'x');
    scripted_server server{[&](const recorded_request&) { return http_status(503, body); }};
    // What is under the bound is read to its end, and the connection used again.
    scripted_server small{[&](const recorded_request&) { return http_status(500, body.substr(0, 500'000)); }};
    http_transport transport{{}};
    const http_answer answer = transport.send(post_to(server));
    EXPECT_EQ(answer.status, 503);
    EXPECT_THAT(answer.problem, IsEmpty());
    EXPECT_TRUE(answer.is_too_long);
    EXPECT_EQ(answer.body, body.substr(0, 4096));
    EXPECT_EQ(transport.send(post_to(small)).status, 500);
    EXPECT_EQ(transport.send(post_to(small)).status, 500);
    EXPECT_EQ(small.connections(), 1U);
}

TEST(HttpTransport, RefusesAnEndlessHead) {
    const std::string line = "X-Long: " + std::string(1000, 'x') + "\r\n";
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    for (int i = 0; i < 80; ++i)
        head += line;
    scripted_server server{[&](const recorded_request&) { return raw_answer(head + "\r\n"); }};
    // Interim answers count, too.
    std::string interim;
    for (int i = 0; i < 80; ++i)
        interim += "HTTP/1.1 103 Early Hints\r\n" + line + "\r\n";
    scripted_server hinting{[&](const recorded_request&) { return raw_answer(interim + head + "\r\n"); }};
    http_transport transport{{}};
    EXPECT_THAT(transport.send(post_to(server)).problem, HasSubstr("headers are longer than 64 KiB"));
    EXPECT_THAT(transport.send(post_to(hinting)).problem, HasSubstr("headers are longer than 64 KiB"));
}

TEST(HttpTransport, TakesTheLastHeadAndNoTrailer) {
    scripted_server server{[](const recorded_request&) {
        return raw_answer("HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\n\r\n"
                          "HTTP/1.1 429 Slow\r\nRetry-After:  7 \r\nTransfer-Encoding: chunked\r\n\r\n"
                          "4\r\nwait\r\n0\r\nX-RateLimit-Reset: 9\r\n\r\n");
    }};
    http_transport transport{{}};
    const http_answer answer = transport.send(post_to(server));
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.field("retry-after"), "7");
    EXPECT_EQ(answer.field("x-ratelimit-reset"), "");
    EXPECT_EQ(answer.body, "wait");
}

TEST(HttpTransport, FollowsNoRedirectAndKeepsNoCookie) {
    scripted_server server{[](const recorded_request&) {
        return raw_answer(
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
    }};
    http_transport transport{{}};
    EXPECT_EQ(transport.send(post_to(server)).status, 302);
    EXPECT_EQ(transport.send(post_to(server)).status, 302);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_FALSE(requests[1].headers.contains("cookie"));
}

TEST(HttpTransport, SpeaksHttpAndNoOtherProtocol) {
    http_transport transport{{}};
    for (const char* url : {"file:///etc/hostname", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"}) {
        const http_answer answer = transport.send(
            {"POST", url, {}, std::string_view{"x"}, std::chrono::steady_clock::now() + seconds{5}});
        EXPECT_EQ(answer.status, 0) << url;
        EXPECT_THAT(answer.problem, Not(IsEmpty())) << url;
    }
}

TEST(HttpTransport, HandsNoConnectionOnToOtherPrograms) {
    scripted_server server{[](const recorded_request&) { return http_ok(); }};
    http_transport transport{{}};
    EXPECT_EQ(transport.send(post_to(server)).status, 200);
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        const int descriptor = std::stoi(entry.path().filename().string());
        int domain = 0;
        socklen_t size = sizeof domain;
        // What isn't on the network is libcurl's own, to wake itself.
        if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX) {
            EXPECT_TRUE((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0) << descriptor;
        }
    }
}

} // namespace
} // namespace outreachd::handlers
