/// The open connections: how many there may be, who makes room for others, and how to reach them all
/// when the daemon stops.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace outreachd::ingress {

class connection;

/// Since when a connection has been in a state in which it may be ended for others: waiting for its next
/// request, say. A connection writes it with every request, so it is one store to memory and nobody else's;
/// who looks for those in that state asks all of them.
class since_mark {
public:
    static constexpr steady_time busy = steady_time::max();

    void set(steady_time since) noexcept {
        since_.store(since.time_since_epoch().count(), std::memory_order_relaxed);
    }

    steady_time since() const noexcept {
        return steady_time{steady_time::duration{since_.load(std::memory_order_relaxed)}};
    }

    /// True once for each such time: the caller may end the connection.
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

    /// A request that holds memory which others want may be ended for them once it has lasted so long.
    static constexpr std::chrono::seconds dawdling_min{1};

    explicit connection_registry(std::size_t connections_max);

    /// Whether one more may come. Where the limit is reached, the connection that has been idle for
    /// longest is told to end; false where there is none.
    bool make_room(steady_time now);

    /// Resets those that have been sending for longest a request for which they hold memory of all, until
    /// they hold `bytes` together, and none that has for less than `dawdling_min`. `only_large`: those with
    /// large bodies alone.
    void reset_dawdling(steady_time now, std::uint64_t bytes, bool only_large);

    /// False, and nothing is kept, where the limit is reached beyond what `make_room` lets in, and after
    /// `close`.
    bool add(const std::shared_ptr<connection>& opened);
    void remove(const connection* ended) noexcept;

    std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

    /// No connection is added from now on.
    void close() noexcept;

    std::vector<std::shared_ptr<connection>> all() const;

    /// Blocks until there is none. False where `deadline` came first.
    bool wait_until_none(steady_time deadline);

private:
    struct marked_connection {
        std::weak_ptr<connection> who;
        steady_time since;
    };

    /// Those for which one of their marks has stood for longest, many found by one search.
    struct ranking {
        since_mark& (connection::*mark)() noexcept;
        std::chrono::milliseconds
            search_pause_min; ///< For those who were found to be gone by the next search.
        bool (connection::*is_among)() const noexcept = nullptr; ///< Null: all that are marked.
        std::vector<marked_connection> longest = {};             ///< The next to go is the last.
        steady_time next_search_at = steady_time::min();
    };

    /// `who` is null where there is none.
    struct claimed_connection {
        std::shared_ptr<connection> who;
        steady_time since;
    };

    claimed_connection claim_longest(ranking& among, steady_time now, steady_time since_max);
    void find_longest(ranking& among, steady_time now, steady_time since_max);

    std::size_t connections_max_;
    ranking idle_;
    ranking dawdling_;
    ranking dawdling_large_;
    mutable std::mutex mutex_;
    std::condition_variable none_left_;
    std::unordered_map<const connection*, std::weak_ptr<connection>> open_;
    bool is_closed_ = false;
    std::atomic<std::size_t> count_{0};
};

} // namespace outreachd::ingress
