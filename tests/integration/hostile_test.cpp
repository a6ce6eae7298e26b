/// Whatever comes in, only what is genuine becomes an event, and others are served meanwhile.
#include "tests/hostile_requests.hpp"
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/wire_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <thread>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;

/// Plain TCP, so that a byte is a segment; the framing is the same.
configuration plain() {
    configuration what;
    what.has_tls = false;
    return what;
}

bool is_event(const wire_request& request) {
    return !request.answers.empty() && request.answers.front() == 200;
}

void expect_answers(const daemon_under_test& daemon, const wire_request& request, bool is_byte_by_byte) {
    wire_client client(daemon.port(), wire_client::transport::plain);
    const std::string bytes = with_signature(request.bytes, signature_of(wire_body));
    // The daemon may close while we still send: only the answers count.
    if (is_byte_by_byte)
        client.send_byte_by_byte(bytes);
    else
        client.send(bytes);
    for (const int expected : request.answers) {
        const answer got = client.read_answer(5s);
        EXPECT_EQ(got.status, expected) << request.label << (is_byte_by_byte ? ", byte by byte" : "");
        if (got.status != expected)
            return;
    }
    // And nothing behind them: a further answer would be one to a request that was smuggled in.
    client.shut_down_sending();
    const answer further = client.read_answer(5s);
    EXPECT_EQ(further.status, 0) << request.label << ": one answer too many";
    EXPECT_NE(further.end, ending::silent) << request.label;
    wire_client other(daemon.port(), wire_client::transport::plain);
    other.send("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(other.read_answer(5s).status, 404) << "the next connection after " << request.label;
}

TEST(Hostile, EveryMalformedRequestGetsItsAnswerAndMakesNoEvent) {
    daemon_under_test daemon(plain());
    daemon.start();
    const auto requests = hostile_requests();
    ASSERT_GE(requests.size(), 120U);
    bool makes_event = false;
    for (const wire_request& request : requests) {
        expect_answers(daemon, request, false);
        if (request.bytes.size() <= 2000)
            expect_answers(daemon, request, true);
        makes_event = makes_event || is_event(request);
    }
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(daemon.delivered().size(), makes_event ? 1U : 0U) << "all of them have the same body";
}

TEST(Hostile, UnusualButUnambiguousRequestsAreServed) {
    daemon_under_test daemon(plain());
    daemon.start();
    for (const wire_request& request : odd_requests()) {
        expect_answers(daemon, request, false);
        if (request.bytes.size() <= 2000)
            expect_answers(daemon, request, true);
    }
}

/// Keeps many slow connections open at once, though the daemon resets each of them after 4 s: four
/// kinds, silent before TLS, silent after it, a head that drips, a body that drips.
class slow_crowd {
public:
    slow_crowd(std::uint16_t port, std::size_t count) : port_(port) {
        for (std::size_t i = 0; i < thread_count; ++i)
            threads_.emplace_back([this, share = count / thread_count] { keep(share); });
    }

    ~slow_crowd() {
        is_over_ = true;
        for (std::thread& one : threads_)
            one.join();
    }

    slow_crowd(const slow_crowd&) = delete;
    slow_crowd& operator=(const slow_crowd&) = delete;

private:
    using clock = std::chrono::steady_clock;

    struct member {
        std::unique_ptr<wire_client> client;
        clock::time_point since;
    };

    void keep(std::size_t share) {
        std::deque<member> open;
        for (std::size_t number = 0; !is_over_;) {
            if (open.size() < share) {
                open.push_back({join(number), clock::now()});
                if (number % 5 == 0) // some drip on
                    open[number % open.size()].client->send("x");
                ++number;
            } else if (clock::now() - open.front().since > 3500ms) {
                open.pop_front();
            } else {
                sleep_for(2ms);
            }
        }
    }

    std::unique_ptr<wire_client> join(std::size_t number) const {
        auto client = std::make_unique<wire_client>(port_, number % 4 == 0 ? wire_client::transport::plain
                                                                           : wire_client::transport::tls);
        if (number % 4 == 2)
            client->send("POST /webhooks/outreach HTTP/1.1\r\nHost: local");
        if (number % 4 == 3)
            client->send(
                "POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nab");
        return client;
    }

    static constexpr std::size_t thread_count = 4;
    const std::uint16_t port_;
    std::atomic<bool> is_over_ = false;
    std::vector<std::thread> threads_;
};

TEST(Hostile, SlowConnectionsDoNotHoldGenuineEventsUp) {
#ifdef OUTREACHD_SANITIZED
    constexpr std::size_t slow_count = 200;
#else
    constexpr std::size_t slow_count = 2000;
#endif
    daemon_under_test daemon;
    daemon.start();
    const auto is_crowded = [&] { return daemon.metric("outreachd_connections") >= 0.9 * slow_count; };
    {
        const slow_crowd crowd(daemon.port(), slow_count);
        ASSERT_TRUE(eventually(is_crowded));
        std::vector<std::chrono::milliseconds> took;
        wire_client kept(daemon.port());
        for (std::uint64_t number = 0; number < 500; ++number) {
            const auto began = std::chrono::steady_clock::now();
            // By turns a kept connection and, as Outreach does, a new one: accept and handshake included.
            std::optional<wire_client> fresh;
            wire_client& client = number % 2 == 0 ? kept : fresh.emplace(daemon.port());
            ASSERT_TRUE(client.send(signed_post(numbered_body(number))));
            ASSERT_EQ(client.read_answer().status, 200);
            took.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::steady_clock::now() - began));
            if (number % 100 == 99) {
                EXPECT_TRUE(is_crowded()) << daemon.metric("outreachd_connections") << " at " << number;
            }
        }
        std::sort(took.begin(), took.end());
        EXPECT_LE(took[took.size() * 99 / 100], 250ms);
    }
    EXPECT_TRUE(eventually([&] { return daemon.metric("outreachd_connections") < 20; }, 15s));
}

} // namespace
} // namespace outreachd::tests
