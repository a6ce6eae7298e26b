/// Removes events whose time is over, and the oldest where the store is too large.
#pragma once

#include "daemon/store/clock_watch.hpp"
#include "daemon/store/database.hpp"
#include "daemon/store/session.hpp"
#include "daemon/store/store.hpp"

#include <vector>

namespace outreachd::store {

class writer;

/// Looks for events to remove by a reader's connection, a piece at a time, and has the writer remove them in
/// small transactions, so that no ack feels it. Background thread only.
///
/// A pass goes from the oldest event to the youngest that may be old enough, then on with time; an event that
/// was finished more than a minute after it came may be met by the next full one only, within an hour. Events
/// that the repeat index needs for its next start stay for as long as a repeat of them may come.
class expiry {
public:
    expiry(const retention& configured, std::chrono::milliseconds repeat_window, writer& to,
           observer& watcher)
        : configured_(configured), repeat_window_(repeat_window), writer_(to), watcher_(watcher) {}

    /// One piece, some milliseconds of reading. True: there is more to do now. `file`: which one `from` is.
    /// `behind`: what has its place, or came, up to then stays; 0: nothing has to.
    bool step(database& from, std::int64_t file, wall_time now, sequence behind);

private:
    struct found_event {
        finished_event what;
        sequence finished_at = 0;
    };

    /// What a piece of the store's order holds, and where it ends.
    struct piece {
        std::vector<found_event> events;
        sequence last = 0; ///< 0: nothing is behind.
    };

    piece read_piece(database& from, sequence after, sequence up_to) const;
    bool shrink(database& from, std::int64_t file, sequence removable_up_to);
    bool is_dropping(event_state state) const;
    bool remove_old(database& from, std::int64_t file, sequence removable_up_to, wall_time today);
    std::chrono::milliseconds kept_for(event_state state) const;

    const retention configured_;
    const std::chrono::milliseconds repeat_window_;
    writer& writer_;
    observer& watcher_;
    clock_watch clock_;
    std::int64_t file_ = 0;
    sequence behind_ = 0;
    sequence passed_ = 0; ///< By the pass that removes what is old.
    steady_time next_full_pass_;
    sequence dropped_ = 0; ///< By the pass that makes room.
    event_state dropping_ = event_state::done;
    steady_time next_drop_;
};

} // namespace outreachd::store
