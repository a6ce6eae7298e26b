/// Where the store's writer thread leaves committed events for the feeder.
#pragma once

#include "daemon/store/records.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

namespace outreachd::dispatch {

struct inbox_limits {
    std::size_t events_max = 4'096;
    std::size_t body_bytes_max = 32 * 1024 * 1024;
};

/// A bounded queue between two threads. When full it drops what comes, and everything behind it,
/// until the feeder has noticed: nothing is lost by it, for the feeder then reads from the store.
/// Thread-safe. Shared by the store's sink, the lanes, which wake the feeder by it, and the feeder.
class inbox {
public:
    explicit inbox(inbox_limits limits) : limits_(limits) {}

    /// A thread of the store; never blocks on anything but the mutex. An empty span says that events
    /// and deliveries came into the store which aren't offered.
    void offer(std::span<const store::stored_event> committed);
    /// Wakes the feeder without an event: a lane has room.
    void nudge();
    /// From now on nothing is taken, and nobody waits.
    void close();
    bool is_closed() const;

    struct taken {
        std::vector<store::stored_event> events; ///< In order, without a gap.
        /// Events were dropped behind all those ever taken; the inbox takes new ones again. Read
        /// from the store until it holds no more, and only then take again.
        bool has_gap = false;
        /// With a gap: deliveries too may have come into the store behind those already loaded.
        bool is_rescan = false;
    };

    /// At most `limit` events. Waits for an event, a gap, a nudge or the end, unless told not to.
    taken take(std::size_t limit, bool may_wait);
    /// Waits for the end, at most so long. True where it came.
    bool pause(std::chrono::milliseconds at_most);

private:
    const inbox_limits limits_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<store::stored_event> events_;
    std::size_t body_bytes_ = 0;
    bool has_gap_ = true; ///< At first: what was stored before the start.
    bool is_rescan_ = false;
    bool is_nudged_ = false;
    bool is_closed_ = false;
};

} // namespace outreachd::dispatch
