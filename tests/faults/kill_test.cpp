/// Guarantee G1 and G7: what was answered 200 is delivered, whenever the process is killed. OUTREACHD_LONG=1:
/// two hundred kills.
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/long_run.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <set>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;

int kills_wanted() {
#ifdef OUTREACHD_SANITIZED
    return 15;
#else
    return is_long() ? 200 : 50;
#endif
}

TEST(Kill, LosesNoAcknowledgedEvent) {
    const int kills = kills_wanted();
    const auto seed = std::random_device{}();
    std::cout << "seed " << seed << '\n';
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> life(20, 300);

    daemon_under_test daemon;
    std::set<std::uint64_t> acked;
    std::uint64_t wrong_status = 0;
    std::uint64_t first_number = 1;
    for (int i = 0; i < kills; ++i) {
        daemon.start();
        load senders({.port = daemon.port(), .connections = 100, .first_number = first_number});
        sleep_for(std::chrono::milliseconds{life(random)});
        daemon.kill();
        load_tally tally = senders.stop();
        acked.merge(tally.acked);
        wrong_status += tally.wrong_status;
        first_number += 1'000'000;
    }
    daemon.start();
    ASSERT_TRUE(daemon.drained());

    const auto delivered = daemon.delivered();
    const auto numbers = numbers_in(delivered);
    std::uint64_t lost = 0;
    for (const std::uint64_t number : acked)
        lost += numbers.contains(number) ? 0U : 1U;
    std::uint64_t repeats = 0;
    for (const auto& [id, lines] : delivered)
        repeats += lines.size() - 1;
    std::cout << kills << " kills: " << acked.size() << " acknowledged, " << delivered.size()
              << " delivered, " << repeats << " repeats, " << lost << " lost\n";
    EXPECT_GT(acked.size(), static_cast<std::size_t>(kills)) << "the load must have reached the daemon";
    EXPECT_EQ(lost, 0U);
    EXPECT_EQ(wrong_status, 0U);
    // At most the deliveries that ran: four workers.
    EXPECT_LE(repeats, static_cast<std::uint64_t>(kills) * 4);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    EXPECT_EQ(daemon.metric("outreachd_damaged_rows_total"), 0);
}

} // namespace
} // namespace outreachd::tests
