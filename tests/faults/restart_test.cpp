/// Restarts under load, with a connection of its own for each event, as Outreach makes them: where systemd
/// holds the socket nobody is refused, where it doesn't, only those who come within the restart; in both
/// cases nothing acknowledged is lost. OUTREACHD_LONG=1: a hundred restarts.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/long_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <utility>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;
using moment = std::chrono::steady_clock::time_point;

/// 500 events a second in all.
constexpr unsigned connections = 100;
constexpr auto pause = 200ms;
/// A sender on a busy core notes a failure so much after it.
constexpr auto late = 250ms;

int restarts() {
    return is_long() ? 100 : 4;
}

using restart_times = std::vector<std::pair<moment, moment>>;

/// Restarts with some work between two; gives when each began and was over.
restart_times restart_again_and_again(daemon_under_test& daemon) {
    restart_times times;
    for (int i = 0; i < restarts(); ++i) {
        sleep_for(300ms);
        const auto began = std::chrono::steady_clock::now();
        EXPECT_EQ(daemon.stop(), 0);
        daemon.start();
        times.emplace_back(began, std::chrono::steady_clock::now());
    }
    sleep_for(300ms);
    return times;
}

void expect_nothing_lost(daemon_under_test& daemon, const load_tally& tally) {
    EXPECT_EQ(tally.wrong_status, 0U);
    ASSERT_TRUE(daemon.drained());
    const auto delivered = daemon.delivered();
    const auto numbers = numbers_in(delivered);
    const auto lost =
        std::ranges::count_if(tally.acked, [&](std::uint64_t number) { return !numbers.contains(number); });
    const auto repeated =
        std::ranges::count_if(delivered, [](const auto& event) { return event.second.size() > 1; });
    std::cout << restarts() << " restarts: " << tally.acked.size() << " acknowledged, " << tally.not_connected
              << " not connected, " << tally.without_answer << " without an answer, slowest "
              << tally.slowest_ack.count() << " ms, " << lost << " lost, " << repeated << " repeated\n";
    EXPECT_GT(tally.acked.size(), static_cast<std::size_t>(restarts()) * 100) << "the load must have come";
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(repeated, 0) << "a clean stop repeats nothing";
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
}

TEST(Restart, RefusesAndResetsNobodyWhereSystemdHoldsTheSocket) {
    daemon_under_test daemon;
    daemon.hold_socket();
    daemon.start();
    load senders(
        {.port = daemon.port(), .connections = connections, .pause = pause, .has_new_connections = true});
    restart_again_and_again(daemon);
    const load_tally tally = senders.stop();
    EXPECT_EQ(tally.not_connected, 0U);
    EXPECT_EQ(tally.without_answer, 0U);
    EXPECT_LT(tally.slowest_ack, 5s) << "contract 3.1";
    expect_nothing_lost(daemon, tally);
}

TEST(Restart, OfItsOwnSocketResetsOnlyWithinTheRestart) {
    daemon_under_test daemon;
    daemon.start();
    load senders({.port = daemon.port(),
                  .connections = connections,
                  .pause = pause,
                  .repeats_unanswered = true,
                  .has_new_connections = true});
    const restart_times times = restart_again_and_again(daemon);
    const load_tally tally = senders.stop();
    for (const moment failed : tally.failed_at)
        EXPECT_TRUE(std::ranges::any_of(times, [&](const auto& restart) {
            return failed >= restart.first && failed <= restart.second + late;
        })) << "a connection failed while the daemon ran";
    expect_nothing_lost(daemon, tally);
}

} // namespace
} // namespace outreachd::tests
