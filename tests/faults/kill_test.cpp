/// Guarantee G1 and G7: what was answered 200 is delivered, whenever the process is killed. OUTREACHD_LONG=1:
/// two hundred kills.
#include "tests/faults/fault_injection.hpp"
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/load.hpp"
#include "tests/integration/long_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
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

constexpr int start_rounds = 5;   // every fifth time the next starts are killed too
constexpr int kills_at_start = 3; // in a row: not each hits what it is meant for

/// The next start finds a file that is no longer trusted, or the beginnings of a fresh one beside it. The
/// flush is a commit's, or a checkpoint's: then nothing had to wait for it.
void kill_behind_a_failed_flush(daemon_under_test& daemon) {
    const std::size_t before = daemon.log().size();
    const auto is_told = [&](const char* line) {
        return daemon.log().find(line, before) != std::string::npos;
    };
    const injected_fault broken(daemon.pid(), "fdatasync", "fdatasync:error=EIO:when=1");
    EXPECT_TRUE(eventually([&] {
        return is_told("the store can't write") || is_told("a database file is no longer trusted");
    })) << daemon.log().substr(before);
    daemon.kill();
}

/// Waits until no older file is left. Nothing is delivered before.
bool has_carried_over(const daemon_under_test& daemon) {
    return eventually(
        [&] {
            const std::filesystem::directory_iterator files(daemon.directory().at("store"));
            return std::ranges::count_if(files, [](const std::filesystem::path& file) {
                       return file.filename().string().starts_with("events-") && file.extension() == ".db";
                   }) == 1;
        },
        60s);
}

TEST(Kill, LosesNoAcknowledgedEvent) {
    const int kills = kills_wanted();
    const auto seed = std::random_device{}();
    std::cout << "seed " << seed << '\n';
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> life(20, 300);
    std::uniform_real_distribution<double> share_of_start(0, 2); // it carries over once it is ready

    daemon_under_test daemon;
    std::set<std::uint64_t> acked;
    std::uint64_t wrong_status = 0;
    std::uint64_t first_number = 1;
    for (int killed = 0, round = 0; killed < kills; ++round) {
        const auto began = std::chrono::steady_clock::now();
        daemon.start();
        const auto start_took = std::chrono::steady_clock::now() - began;
        if (round % (2 * start_rounds) == 1) {
            EXPECT_TRUE(has_carried_over(daemon)) << "though it was killed while it did";
        }
        load senders({.port = daemon.port(), .connections = 100, .first_number = first_number});
        sleep_for(std::chrono::milliseconds{life(random)});
        if (round % (2 * start_rounds) == 0)
            kill_behind_a_failed_flush(daemon);
        else
            daemon.kill();
        ++killed;
        load_tally tally = senders.stop();
        acked.merge(tally.acked);
        wrong_status += tally.wrong_status;
        first_number += 1'000'000;

        // While it recovers the WAL, flushes it, and carries over what an older file holds.
        for (int again = 0; round % start_rounds == 0 && again < kills_at_start; ++again, ++killed) {
            daemon.begin_start();
            sleep_for(
                std::chrono::duration_cast<std::chrono::milliseconds>(start_took * share_of_start(random)));
            daemon.kill();
        }
    }
    daemon.start();
    EXPECT_TRUE(has_carried_over(daemon));
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
    EXPECT_LE(repeats, static_cast<std::uint64_t>(kills + kills_at_start) * 4);
    EXPECT_EQ(daemon.metric("outreachd_unaccounted"), 0);
    EXPECT_EQ(daemon.metric("outreachd_damaged_rows_total"), 0);
}

} // namespace
} // namespace outreachd::tests
