/// Starting, stopping, being asked how it is, and sockets from systemd.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/wire_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <set>

#include <sys/stat.h>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class StopSignal : public testing::TestWithParam<int> {};

TEST_P(StopSignal, AnswersWhatIsInFlightAndExitsWithZero) {
    daemon_under_test daemon;
    daemon.start();
    load senders({.port = daemon.port(), .connections = 20});
    ASSERT_TRUE(eventually([&] { return senders.acked_so_far() > 100; }));
    EXPECT_EQ(daemon.stop(30s, GetParam()), 0);
    const load_tally tally = senders.stop();
    EXPECT_EQ(tally.wrong_status, 0U);
    daemon.start();
    ASSERT_TRUE(daemon.drained());
    const auto delivered = daemon.delivered();
    const auto numbers = numbers_in(delivered);
    std::uint64_t lost = 0;
    for (const std::uint64_t number : tally.acked)
        lost += numbers.contains(number) ? 0U : 1U;
    EXPECT_EQ(lost, 0U) << "of " << tally.acked.size() << " acknowledged";
    EXPECT_EQ(numbers.size(), delivered.size()) << "no event is there twice";
    for (const auto& [id, lines] : delivered)
        EXPECT_EQ(lines.size(), 1U) << "a clean stop repeats nothing: " << id;
    EXPECT_THAT(daemon.log(), HasSubstr("stopped"));
}

INSTANTIATE_TEST_SUITE_P(Life, StopSignal, testing::Values(SIGTERM, SIGINT),
                         [](const auto& tested) { return tested.param == SIGTERM ? "Sigterm" : "Sigint"; });

TEST(Life, TellsHowItIs) {
    daemon_under_test daemon;
    daemon.start();
    EXPECT_THAT(daemon.admin_get("/livez"), HasSubstr("200"));
    EXPECT_THAT(daemon.admin_get("/readyz"), HasSubstr("200"));
    EXPECT_THAT(daemon.admin_get("/metrics"), HasSubstr("outreachd_build_info"));
    EXPECT_THAT(daemon.admin_get("/api/status"), HasSubstr("\"ready\":true"));
}

TEST(Life, TakesASocketFromSystemd) {
    daemon_under_test daemon;
    // As systemd does it: the socket is descriptor 3, LISTEN_PID names the process.
    const std::string activate = "systemd-socket-activate";
    daemon_under_test activated;
    const std::string address = "127.0.0.1:" + std::to_string(daemon.port());
    configuration what;
    daemon.configure(what);
    // The wrapper starts the program at the first connection; `start` waits for readiness, so make one.
    const std::string script = "(sleep 0.3; exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(daemon.port()) +
                               "; sleep 5) & exec " + activate + " -l " + address + " \"$@\"";
    daemon.start({"bash", "-c", script, "bash"});
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
    EXPECT_EQ(client.read_answer().status, 200);
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(Life, ReloadsAndStopsWhileAHandlerHangs) {
    configuration what;
    what.rest = "shutdown_timeout: 1s\n";
    daemon_under_test daemon(what);
    // Opening a pipe that nobody reads hangs, as a dead network file system does.
    ASSERT_EQ(::mkfifo(daemon.directory().at("out.jsonl").c_str(), 0600), 0);
    daemon.start();
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
    ASSERT_EQ(client.read_answer().status, 200);
    ASSERT_TRUE(eventually(
        [&] { return daemon.admin_get("/api/status").find("\"running\":1") != std::string::npos; }));
    daemon.signal(SIGHUP);
    EXPECT_TRUE(eventually(
        [&] { return daemon.log().find("the configuration was loaded anew") != std::string::npos; }));
    ASSERT_TRUE(client.send(signed_post(numbered_body(2))));
    EXPECT_EQ(client.read_answer().status, 200);
    EXPECT_EQ(daemon.stop(5s), 0) << "shutdown_timeout, and little more";
    std::remove(daemon.directory().at("out.jsonl").c_str());
    daemon.start();
    ASSERT_TRUE(daemon.drained());
    EXPECT_EQ(numbers_in(daemon.delivered()), (std::set<std::uint64_t>{1, 2}));
}

TEST(Life, RefusesASecondDaemonOnItsStore) {
    daemon_under_test daemon;
    daemon.start();
    const auto second = daemon.command({"serve"});
    EXPECT_EQ(second.exit_code, 1);
    EXPECT_THAT(second.err, HasSubstr("another outreachd holds the store"));
    EXPECT_TRUE(daemon.is_running());
}

TEST(Life, WritesItsLogAsJson) {
    configuration what;
    what.rest = "log: {level: debug, format: json}\n";
    daemon_under_test daemon(what);
    daemon.start();
    wire_client client(daemon.port());
    ASSERT_TRUE(client.send(signed_post(numbered_body(1))));
    ASSERT_EQ(client.read_answer().status, 200);
    ASSERT_TRUE(daemon.drained());
    const std::string id = daemon.delivered().begin()->first;
    EXPECT_TRUE(
        eventually([&] { return daemon.log().find("\"event_id\":\"" + id + "\"") != std::string::npos; }));
    EXPECT_THAT(daemon.log(), testing::Not(HasSubstr("foo\""))) << "the secret";
    EXPECT_THAT(daemon.log(), testing::Not(HasSubstr("\"attributes\""))) << "a body";
}

} // namespace
} // namespace outreachd::tests
