/// What a broker has confirmed of events that are published twice.
#pragma once

#include "daemon/amqp_connection/message.hpp"
#include "tests/bench/histogram.hpp"

#include <chrono>
#include <cstdint>
#include <deque>

namespace outreachd::bench {

/// Events by the tags of their two messages, 1 and 2, 3 and 4 and so on. No more than that: what it costs is
/// part of a limit that others are held against. One thread.
class pair_confirms {
public:
    using clock = std::chrono::steady_clock;

    void note_sent(clock::time_point at);
    /// Throws std::runtime_error where the broker refuses, or confirms what was never sent.
    void take(const amqp_connection::confirmed& what, clock::time_point now);

    /// Both of its messages are confirmed.
    std::uint64_t settled() const { return settled_; }

    std::uint64_t in_flight() const { return sent_ - settled_; }

    /// What was recorded of latencies is forgotten.
    void restart_latency() { latency_ = {}; }

    /// From the second message's publish to the second confirm.
    const histogram& latency() const { return latency_; }

private:
    struct entry {
        clock::time_point sent_at;
        std::uint8_t confirmed = 0; ///< Bits: the first, the second.
    };

    void mark(entry& one, std::uint8_t messages, clock::time_point now);

    std::deque<entry> entries_; ///< From the first that isn't settled on.
    std::uint64_t dropped_ = 0; ///< Before them.
    std::uint64_t sent_ = 0;
    std::uint64_t settled_ = 0;
    histogram latency_;
};

} // namespace outreachd::bench
