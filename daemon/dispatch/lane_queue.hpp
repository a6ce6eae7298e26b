/// Which delivery of one handler runs next: the order, the retries, and what is left in the store.
#pragma once

#include "daemon/dispatch/delivery_store.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace outreachd::dispatch {

/// A delivery of one handler that isn't done or dead.
struct delivery {
    sequence at = 0;
    std::uint64_t key = 0; ///< Deliveries with the same one run in turn; 0: with nobody.
    std::uint32_t attempts = 0;
    std::shared_ptr<const event> subject; ///< Null: to be read from the store.
    std::uint32_t replay = 0;             ///< Of the event: a part of the delivery's id.
    bool is_conditional = false;          ///< A `where` has yet to say whether it is wanted.
};

/// What a lane keeps in memory. What goes beyond stays in the store and is loaded later.
struct lane_limits {
    std::size_t runnable_max = 1'024;
    std::size_t body_bytes_max = 16 * 1024 * 1024; ///< Beyond it, bodies are read when they are needed.
    std::size_t retrying_max = 100'000;
};

/// The deliveries of one handler. No threads, no clock, no I/O: its lane guards and drives it.
///
/// Holds: every unfinished delivery up to `loaded_up_to` is in exactly one place: ready, waiting for
/// a retry, blocked behind another of its key, or taken. Those blocked cost 8 bytes each and are not
/// bounded, so that a resource that keeps failing starves no other.
class lane_queue {
public:
    lane_queue(bool is_ordered, lane_limits limits);

    /// Offers a freshly routed delivery; they come in order. It is taken up, or left in the store
    /// where there is no room or others were left there before it.
    void offer(delivery fresh);

    /// Takes up what the store holds behind `loaded_up_to`, in order. `is_all`: it held no more.
    /// `now_wall` places the due times, which the store keeps by the wall clock; none is taken for
    /// later than `pause_max` from now, whatever the clock did meanwhile.
    struct clocks {
        steady_time now;
        wall_time now_wall;
        std::chrono::milliseconds pause_max;
    };

    void load(std::span<const store::unfinished_delivery> found, bool is_all, const clocks& read_at);

    /// The store holds deliveries beyond `loaded_up_to` that aren't offered.
    void fall_behind() { is_behind_ = true; }

    /// Deliveries may have come into the store behind `loaded_up_to`, replayed or from a file that was set
    /// aside: forgets all but those taken, and wants the rest loaded again from the beginning.
    void rescan();

    /// How many to load now, behind `loaded_up_to`; 0 where nothing is missing or there is no room.
    std::size_t wanted() const;

    sequence loaded_up_to() const { return loaded_up_to_; }

    /// The next delivery to run. It is the caller's until `finish` or `retry`.
    std::optional<delivery> take(steady_time now);
    /// When `take` may next give one without anything else happening.
    std::optional<steady_time> next_due() const;

    /// It is done or dead: the next of its key may run. True where one became ready by it.
    bool finish(const delivery& what);
    /// It runs again at `due`; those of its key wait behind it.
    void retry(const delivery& what, steady_time due);

    bool is_taken(sequence at) const { return taken_.contains(at); }

    std::size_t ready() const { return ready_.size(); }

    std::size_t retrying() const { return retrying_.size(); }

    std::size_t blocked() const { return blocked_; }

    std::size_t body_bytes() const { return body_bytes_; }

private:
    struct waiting {
        steady_time due;
        sequence at = 0;
        std::uint64_t key = 0;
        std::uint32_t attempts = 0;
        std::uint32_t replay = 0;
        bool is_conditional = false;

        friend bool operator>(const waiting& a, const waiting& b) {
            return a.due != b.due ? a.due > b.due : a.at > b.at;
        }
    };

    /// One that waits behind another of its key: 8 bytes.
    class blocked_one {
    public:
        blocked_one(sequence at, bool is_conditional, bool has_history)
            : packed_(at << 2 | (is_conditional ? 2 : 0) | (has_history ? 1 : 0)) {}

        sequence at() const { return packed_ >> 2; }

        bool is_conditional() const { return (packed_ & 2) != 0; }

        bool has_history() const { return (packed_ & 1) != 0; } ///< The rest stands in `histories_`.

    private:
        sequence packed_; // microseconds since 1970 need 51 bits
    };

    /// What a blocked delivery brings with it that was tried before, or replayed.
    struct history {
        std::uint32_t attempts = 0;
        std::uint32_t replay = 0;
        std::optional<steady_time> due;
    };

    delivery unblock(const blocked_one& next, std::uint64_t key, std::optional<steady_time>& due);

    void admit(delivery what, std::optional<steady_time> due);
    void make_ready(delivery what);

    const bool is_ordered_;
    const lane_limits limits_;
    sequence loaded_up_to_ = 0;
    bool is_behind_ = true; ///< The store may hold more behind `loaded_up_to_`.
    bool prefers_ready_ = false;

    std::deque<delivery> ready_;
    std::size_t body_bytes_ = 0; ///< Of `ready_`.
    std::priority_queue<waiting, std::vector<waiting>, std::greater<>> retrying_;

    std::unordered_map<sequence, std::uint64_t> taken_; ///< With their keys.
    /// Taken at the last `rescan`: a load may still have read them as unfinished when they are done.
    std::unordered_set<sequence> not_to_load_;

    /// A key is here while one of its deliveries is ready, retrying or taken, with those behind it.
    /// Null: nobody waits, which is what most keys have; an empty deque would cost 600 bytes.
    std::unordered_map<std::uint64_t, std::unique_ptr<std::deque<blocked_one>>> busy_keys_;
    std::size_t blocked_ = 0;
    /// Rare: only the first of a key is ever tried, unless the handler's `ordering` was changed.
    std::unordered_map<sequence, history> histories_;
};

} // namespace outreachd::dispatch
