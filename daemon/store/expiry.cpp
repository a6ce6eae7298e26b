#include "daemon/store/expiry.hpp"

#include "daemon/store/event_row.hpp"
#include "daemon/store/writer.hpp"

#include <algorithm>

namespace outreachd::store {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t piece_events = 500;  // a millisecond or two of a read transaction
constexpr std::size_t removed_at_once = 64; // what one commit of the writer takes along
constexpr auto full_pass_pause = 1h;
/// An event that was finished so long after it came is waited for, since the full pass is far away.
constexpr std::chrono::milliseconds wait_for_event = 1min;
constexpr auto drop_pause = 10s; // where nothing is left that may be dropped

/// Pages that stay in the file although nothing is on them: the next events need them.
constexpr std::int64_t free_pages_kept = 256;

sequence microseconds_before(wall_time now, std::chrono::milliseconds span) {
    return to_number(now) - std::chrono::duration_cast<std::chrono::microseconds>(span).count();
}

/// Without the WAL, which is bounded by itself, and without pages that nothing is on.
std::uint64_t bytes_in_use(database& from) {
    const std::int64_t pages =
        from.read_number("PRAGMA page_count") - from.read_number("PRAGMA freelist_count");
    return static_cast<std::uint64_t>(pages * from.read_number("PRAGMA page_size"));
}

} // namespace

bool expiry::step(database& from, std::int64_t file, wall_time now, sequence behind) {
    if (file != file_ || behind != behind_) {
        file_ = file;
        behind_ = behind;
        passed_ = dropped_ = 0;
        next_full_pass_ = next_drop_ = {};
    }
    if (const auto jump = clock_.look(now, std::chrono::steady_clock::now()))
        watcher_.clock_jumped(*jump);
    // What no run of the repeat index holds yet is read from the events at the next start.
    sequence removable_up_to = from.read_number("SELECT value FROM facts WHERE key='indexed_up_to'");
    if (clock_.is_trusted())
        removable_up_to = std::max(removable_up_to, microseconds_before(now, repeat_window_));
    const bool has_dropped = shrink(from, file, removable_up_to);
    const bool has_removed = clock_.is_trusted() && remove_old(from, file, removable_up_to, now);
    const bool has_surplus = from.read_number("PRAGMA freelist_count") > free_pages_kept;
    return (has_surplus && writer_.give_back_pages(file)) || has_dropped || has_removed;
}

/// Drops the oldest done events while the store is too large, then unrouted ones. True: there is more.
bool expiry::shrink(database& from, std::int64_t file, sequence removable_up_to) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_drop_ || bytes_in_use(from) <= configured_.size_bytes_max)
        return false;
    const piece seen = read_piece(from, dropped_, removable_up_to);
    std::vector<finished_event> dropped;
    for (const found_event& one : seen.events)
        if (is_dropping(one.what.state) && dropped.size() < removed_at_once)
            dropped.push_back(one.what);
    if (dropped.size() == removed_at_once) {
        dropped_ = dropped.back().sequence;
    } else if (seen.last != 0) {
        dropped_ = seen.last;
    } else { // the end: on with the others, or from the beginning after a while
        dropped_ = 0;
        if (dropping_ == event_state::unrouted)
            next_drop_ = now + drop_pause;
        dropping_ = dropping_ == event_state::done ? event_state::unrouted : event_state::done;
    }
    return dropped.empty() ? now >= next_drop_ : writer_.drop(file, dropped);
}

/// Whether an event of that state goes in this round.
bool expiry::is_dropping(event_state state) const {
    const bool is_kept_as_done = state == event_state::discarded || state == event_state::published;
    return state == dropping_ || (is_kept_as_done && dropping_ == event_state::done);
}

/// Removes what is older than its state may become. True: there is more.
bool expiry::remove_old(database& from, std::int64_t file, sequence removable_up_to, wall_time today) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_full_pass_) {
        passed_ = 0;
        next_full_pass_ = now + full_pass_pause;
    }
    const auto shortest = std::min({configured_.done, configured_.unrouted, configured_.dead});
    // Where the clock was set back, what came since has places that lie ahead: they tell nothing of its age.
    const bool has_age_by_place = from.read_number("SELECT max(sequence) FROM events") <= to_number(today);
    const sequence oldest_young = microseconds_before(today, shortest);
    const piece seen = read_piece(
        from, passed_, has_age_by_place ? std::min(removable_up_to, oldest_young) : removable_up_to);
    std::vector<finished_event> old;
    sequence reached = seen.last;
    for (const found_event& one : seen.events) {
        const bool is_pending = one.what.state == event_state::pending;
        const sequence too_young = one.finished_at - microseconds_before(today, kept_for(one.what.state));
        const bool is_waited_for =
            is_pending ? has_age_by_place && one.what.sequence > microseconds_before(today, wait_for_event)
                       : too_young > 0 && std::chrono::microseconds{too_young} < wait_for_event;
        if (is_waited_for) {
            reached = one.what.sequence - 1;
            break;
        }
        if (is_pending || too_young > 0)
            continue;
        old.push_back(one.what);
        if (old.size() == removed_at_once) {
            reached = one.what.sequence;
            break;
        }
    }
    const bool is_further = reached > passed_;
    passed_ = std::max(passed_, reached);
    return (old.empty() || writer_.expire(file, old)) && is_further;
}

/// By the deliveries alone: the events' own rows, with their bodies, needn't be touched, but where one that
/// is behind may have come before.
expiry::piece expiry::read_piece(database& from, sequence after, sequence up_to) const {
    statement rows(from, "SELECT event, max(state<2), max(state=3), max(state=2), max(state=4), "
                         "max(finished_at), max(state=5) FROM deliveries"
                         " WHERE event>? AND event<=? GROUP BY event ORDER BY event LIMIT ?");
    rows.bind(std::max(after, behind_), up_to, piece_events);
    statement came(from, "SELECT 1 FROM events WHERE sequence=? AND received_at<=?");
    piece seen;
    while (rows.step()) {
        seen.last = rows.number(0);
        if (behind_ != 0 && came.bind(seen.last, behind_).step())
            continue;
        const auto state = rows.number(1) != 0   ? event_state::pending
                           : rows.number(2) != 0 ? event_state::dead
                           : rows.number(3) != 0 ? event_state::done
                           : rows.number(4) != 0 ? event_state::unrouted
                           : rows.number(6) != 0 ? event_state::discarded
                                                 : event_state::published;
        seen.events.push_back({{seen.last, state}, rows.is_null(5) ? seen.last : rows.number(5)});
    }
    return seen;
}

std::chrono::milliseconds expiry::kept_for(event_state state) const {
    switch (state) {
    case event_state::dead:
        return configured_.dead;
    case event_state::unrouted:
        return configured_.unrouted;
    case event_state::done:
    case event_state::discarded:
    case event_state::pending:
    case event_state::published:
        break;
    }
    return configured_.done;
}

} // namespace outreachd::store
