/// The lanes in force, and how a reload changes them.
#pragma once

#include "daemon/dispatch/lane.hpp"

#include <mutex>
#include <string_view>
#include <vector>

namespace outreachd::dispatch {

/// A handler whose settings changed gets a new lane; that one starts once the old one has finished what it
/// runs, or given it back between two steps, since a delivery must not run in both. A handler that is gone
/// does the same; what waits for it stays in the store. Thread-safe.
class lane_set {
public:
    using lanes = std::vector<std::shared_ptr<lane>>;

    lane_set(lane_surroundings surroundings, lane_limits limits)
        : surroundings_(std::move(surroundings)), limits_(limits) {}

    /// The routes and handlers to have from now on. Those whose settings are as before keep their lanes, and
    /// let go of their files. Handlers take effect with the next `current`; none that leaves judges a
    /// delivery by the new routes, and none that comes by the old ones.
    void use(std::shared_ptr<const router> routes, std::vector<equipped_handler> handlers);

    /// The lanes that take deliveries; starts those that may. For the feeder's thread.
    lanes current();

    /// Whether `current` has something to try again: to start one for which there were no threads, or to let
    /// one go that has ended.
    bool is_unsettled() const;

    std::size_t running(std::string_view handler) const;
    bool is_running(std::string_view handler, sequence at) const;
    /// It is configured, or was and hasn't finished; a stop changes nothing in that.
    bool has(std::string_view handler) const;

    /// Starts no more, and stops all.
    void begin_stop();
    /// Waits for all until `until`; false where one hangs, which is logged.
    bool finish_stop(steady_time until);

private:
    struct place {
        std::string handler;
        std::shared_ptr<lane> active;  ///< Null: its handler waits for an older lane's end.
        std::shared_ptr<lane> waiting; ///< Made, and not yet started.
        bool lacks_threads = false;    ///< Its last start failed, which was logged.
    };

    void begin(place& one);                          // with mutex_ held
    void dismiss(std::vector<place>& gone);          // with mutex_ held
    bool is_leaving(std::string_view handler) const; // with mutex_ held
    lanes all() const;                               // with mutex_ held

    const lane_surroundings surroundings_;
    const lane_limits limits_;

    mutable std::mutex mutex_; ///< Guards all below. Taken before a lane's.
    std::vector<place> places_;
    lanes leaving_; ///< Told to stop, and not yet seen to have ended.
    lanes ended_;   ///< Seen so, and still held elsewhere.
    bool is_stopping_ = false;
};

} // namespace outreachd::dispatch
