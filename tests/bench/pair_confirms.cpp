#include "tests/bench/pair_confirms.hpp"

#include <stdexcept>

namespace outreachd::bench {

namespace {

constexpr std::uint8_t first = 1;
constexpr std::uint8_t second = 2;
constexpr std::uint8_t both = first | second;

} // namespace

void pair_confirms::note_sent(clock::time_point at) {
    entries_.push_back({at, 0});
    ++sent_;
}

void pair_confirms::take(const amqp_connection::confirmed& what, clock::time_point now) {
    if (!what.is_taken)
        throw std::runtime_error("the broker refuses a message (basic.nack)");
    if (what.tag == 0 || what.tag > 2 * sent_)
        throw std::runtime_error("the broker confirms message " + std::to_string(what.tag) + " of " +
                                 std::to_string(2 * sent_));
    const std::uint64_t event = (what.tag - 1) / 2; // from 0
    const bool is_second = what.tag % 2 == 0;
    if (what.is_multiple) {
        for (std::uint64_t at = dropped_; at < event; ++at)
            mark(entries_[at - dropped_], both, now);
        if (event >= dropped_)
            mark(entries_[event - dropped_], is_second ? both : first, now);
    } else if (event >= dropped_) {
        mark(entries_[event - dropped_], is_second ? second : first, now);
    }
    while (!entries_.empty() && entries_.front().confirmed == both) {
        entries_.pop_front();
        ++dropped_;
    }
}

void pair_confirms::mark(entry& one, std::uint8_t messages, clock::time_point now) {
    if (one.confirmed == both)
        return;
    one.confirmed |= messages;
    if (one.confirmed != both)
        return;
    ++settled_;
    latency_.record(now - one.sent_at);
}

} // namespace outreachd::bench
