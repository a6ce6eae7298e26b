/// The open connections: how many there may be, who makes room for others, and how to reach them all
/// when the daemon stops.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace outreachd::ingress {

class connection;

/// Since when a connection has waited for its next request. A connection writes it with every
/// request, so it is one store to memory and nobody else's; who looks for idle ones asks all of them.
class idle_mark {
public:
    static constexpr steady_time busy = steady_time::max();

    void set(steady_time since) noexcept {
        since_.store(since.time_since_epoch().count(), std::memory_order_relaxed);
    }

    steady_time since() const noexcept {
        return steady_time{steady_time::duration{since_.load(std::memory_order_relaxed)}};
    }

    /// True once for each idleness: the caller may end it.
    bool claim(steady_time since) noexcept {
        steady_time::rep expected = since.time_since_epoch().count();
        return since_.compare_exchange_strong(expected, busy.time_since_epoch().count(),
                                              std::memory_order_relaxed);
    }

private:
    std::atomic<steady_time::rep> since_{busy.time_since_epoch().count()};
};

/// Any thread.
class connection_registry {
public:
    /// Idle connections that have been told to end may be open still while others take their places.
    static constexpr std::size_t connections_ending_max = 64;

    explicit connection_registry(std::size_t connections_max) : connections_max_(connections_max) {}

    /// Whether one more may come. Where the limit is reached, the connection that has been idle for
    /// longest is told to end; false where there is none.
    bool make_room(steady_time now);

    /// False, and nothing is kept, where the limit is reached beyond what `make_room` lets in.
    bool add(const std::shared_ptr<connection>& opened);
    void remove(const connection* ended) noexcept;

    std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

    std::vector<std::shared_ptr<connection>> all() const;

    /// Blocks until there is none. False where `deadline` came first.
    bool wait_until_none(steady_time deadline);

private:
    struct idle_connection {
        std::weak_ptr<connection> who;
        steady_time since;
    };

    std::shared_ptr<connection> claim_idlest(steady_time now);
    void find_idlest(steady_time now);

    std::size_t connections_max_;
    std::vector<idle_connection> idlest_; ///< The next to go is the last.
    steady_time next_search_at_ = steady_time::min();
    mutable std::mutex mutex_;
    std::condition_variable none_left_;
    std::unordered_map<const connection*, std::weak_ptr<connection>> open_;
    std::atomic<std::size_t> count_{0};
};

} // namespace outreachd::ingress
