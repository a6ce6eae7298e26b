#include "tests/bench/tally.hpp"

#include <algorithm>

namespace outreachd::bench {

std::uint64_t tally::answers() const {
    std::uint64_t sum = 0;
    for (const auto& [status, count] : statuses) {
        sum += count;
    }
    return sum;
}

void tally::merge(const tally& other) {
    latency.merge(other.latency);
    last_answer = std::max(last_answer, other.last_answer);
    for (const auto& [status, count] : other.statuses) {
        statuses[status] += count;
    }
    resets += other.resets;
    closed += other.closed;
    refused += other.refused;
    timeouts += other.timeouts;
    failures += other.failures;
    unsent += other.unsent;
    if (first_failure.empty()) {
        first_failure = other.first_failure;
    }
    full_handshakes += other.full_handshakes;
    resumed_handshakes += other.resumed_handshakes;
}

} // namespace outreachd::bench
