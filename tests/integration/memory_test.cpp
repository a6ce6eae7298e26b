/// However many connections there are, and whatever they send: memory is bounded.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/wire_client.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t connections = 3'000;
constexpr double free_mib_each = 20.0 / 1024; ///< With the connection itself.
constexpr double budget_mib = 64;             ///< The least there is, as with small limits.

double held_mib(pid_t process) {
    const std::string status = read_file("/proc/" + std::to_string(process) + "/status");
    return std::stod(status.substr(status.find("VmRSS:") + 6)) / 1024;
}

/// Each takes a descriptor of this process, too.
void raise_soft_limit() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

class Memory : public testing::Test {
protected:
    void SetUp() override {
        raise_soft_limit();
        configuration what;
        what.limits = "{headers: 64KiB, body: 64KiB}";
        what.has_tls = false;
        daemon.configure(what);
        daemon.start();
        before_mib = held_mib(daemon.pid());
    }

    /// Opens all connections and sends `bytes` on each.
    void send_on_all(const std::string& bytes) {
        for (std::size_t i = 0; i < connections; ++i) {
            all.push_back(std::make_unique<wire_client>(daemon.port(), wire_client::transport::plain));
            ASSERT_TRUE(all.back()->is_connected()) << i << " (`ulimit -n`?)";
            all.back()->send(bytes); // where there is no room it may be reset already
        }
    }

    double grown_mib() {
        const double grown = held_mib(daemon.pid()) - before_mib;
        std::cout << grown << " MiB for " << all.size() << " connections\n";
        return grown;
    }

    daemon_under_test daemon;
    double before_mib = 0;
    std::vector<std::unique_ptr<wire_client>> all;
};

TEST_F(Memory, BodiesThatComeSlowlyShareABudgetAndGiveWay) {
    const std::string whole = signed_post(std::string(64 * 1024, ' '));
    send_on_all(whole.substr(0, whole.size() - 1024));
    sleep_for(500ms); // for the daemon to read what it will
    EXPECT_LE(grown_mib(), budget_mib + connections * free_mib_each);
    wire_client genuine(daemon.port(), wire_client::transport::plain);
    ASSERT_TRUE(genuine.send(whole));
    EXPECT_EQ(genuine.read_answer(4s).status, 200);
}

TEST_F(Memory, HeadsThatComeSlowlyShareIt) {
    send_on_all("POST /webhooks/outreach HTTP/1.1\r\nX: " + std::string(60 * 1024, 'x'));
    sleep_for(500ms);
    EXPECT_LE(grown_mib(), budget_mib + connections * free_mib_each);
}

/// Of a trailer no more is kept than tells whether it may be one.
TEST_F(Memory, TrailersAreNotHeld) {
    send_on_all("POST /webhooks/outreach HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
                std::string(60 * 1024, 'x'));
    sleep_for(500ms);
    EXPECT_LE(grown_mib(), connections * free_mib_each / 2);
}

TEST_F(Memory, AnIdleConnectionHoldsNoBuffer) {
    send_on_all(signed_post(numbered_body(1), "X: " + std::string(14 * 1024, 'x') + "\r\n"));
    for (const auto& one : all)
        ASSERT_EQ(one->read_answer().status, 200);
    EXPECT_LE(grown_mib(), connections * free_mib_each / 2);
}

} // namespace
} // namespace outreachd::tests
