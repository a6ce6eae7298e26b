/// The senders of `upgrades`: they come until standard input ends; then every event that was acknowledged
/// must be in the file that the handler writes, and nobody may have been refused or reset.
///
/// usage: faults_upgrade_load PORT EVENTS_FILE
#include "tests/integration/daemon_under_test.hpp"
#include "tests/integration/load.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <string>

namespace outreachd::tests {
namespace {

using namespace std::chrono_literals;

/// 500 events a second in all.
constexpr unsigned connections = 100;
constexpr auto pause = 200ms;
/// Outreach waits no longer (contract 3.1).
constexpr auto sender_patience = 5s;

int send_until_input_ends(std::uint16_t port, const std::string& events_file) {
    const auto began = std::chrono::steady_clock::now();
    load senders({.port = port, .connections = connections, .pause = pause, .has_new_connections = true});
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
    const load_tally tally = senders.stop();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

    const auto missing = [&] {
        const auto numbers = numbers_in(delivered_in(events_file));
        return std::ranges::count_if(tally.acked,
                                     [&](std::uint64_t number) { return !numbers.contains(number); });
    };
    const auto lost = last_while_shrinking(missing, 1s, 10s);
    const auto delivered = delivered_in(events_file);
    const auto repeated =
        std::ranges::count_if(delivered, [](const auto& event) { return event.second.size() > 1; });
    std::cout << tally.acked.size() << " acknowledged, "
              << static_cast<double>(tally.acked.size()) / took.count() << " a second; "
              << tally.not_connected << " not connected, " << tally.without_answer << " without an answer, "
              << tally.wrong_status << " with another status than 200, slowest " << tally.slowest_ack.count()
              << " ms; " << lost << " lost, " << repeated << " delivered twice\n";
    const bool is_well = !tally.acked.empty() && tally.not_connected == 0 && tally.without_answer == 0 &&
                         tally.wrong_status == 0 && tally.slowest_ack < sender_patience && lost == 0 &&
                         repeated == 0;
    return is_well ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace
} // namespace outreachd::tests

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::cerr << "usage: faults_upgrade_load PORT EVENTS_FILE\n";
        return 64;
    }
    return outreachd::tests::send_until_input_ends(static_cast<std::uint16_t>(std::stoul(argv[1])), argv[2]);

} catch (const std::exception& error) {

    std::cerr << "faults_upgrade_load: " << error.what() << '\n';
    return EXIT_FAILURE;
}
