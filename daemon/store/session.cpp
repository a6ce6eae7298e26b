#include "daemon/store/session.hpp"

#include "daemon/store/event_row.hpp"
#include "daemon/store/schema.hpp"

#include <algorithm>

namespace outreachd::store {

namespace {

/// A count of the ledger beside the name it is kept under.
struct named_count {
    const char* key;
    std::uint64_t ledger::*count;
};

constexpr named_count named_counts[] = {
    {"received", &ledger::received},   {"pending", &ledger::pending},   {"done", &ledger::done},
    {"dead", &ledger::dead},           {"unrouted", &ledger::unrouted}, {"published", &ledger::published},
    {"discarded", &ledger::discarded}, {"expired", &ledger::expired},
};

std::uint64_t ledger::*count_of(event_state state) noexcept {
    switch (state) {
    case event_state::pending:
        return &ledger::pending;
    case event_state::published:
        return &ledger::published;
    case event_state::done:
        return &ledger::done;
    case event_state::dead:
        return &ledger::dead;
    case event_state::unrouted:
        return &ledger::unrouted;
    case event_state::discarded:
        return &ledger::discarded;
    }
    return &ledger::pending;
}

} // namespace

session::session(const std::string& file)
    : database_(file, open_mode::write), repeats_((check_schema(database_), database_)) {
    statement facts(database_, "SELECT key, value FROM facts");
    while (facts.step()) {
        const std::string key = facts.text(0);
        if (key == "routed_up_to")
            state_.routed_up_to = facts.number(1);
        if (key == dropped_mark)
            state_.dropped_up_to = facts.number(1);
        for (const named_count& one : named_counts)
            if (key == one.key)
                state_.accounts.*one.count = static_cast<std::uint64_t>(facts.number(1));
    }
    statement handlers(database_, "SELECT id, name, pending, retry, dead, last_error FROM handlers");
    while (handlers.step()) {
        const std::string name = handlers.text(1);
        state_.handler_ids[name] = handlers.number(0);
        state_.depths[name] = {name,
                               static_cast<std::uint64_t>(handlers.number(2)),
                               static_cast<std::uint64_t>(handlers.number(3)),
                               static_cast<std::uint64_t>(handlers.number(4)),
                               std::nullopt,
                               handlers.text(5)};
    }
    state_.last_sequence =
        std::max(database_.read_number("SELECT max(sequence) FROM events"), state_.routed_up_to);

    begin_ = database_.prepare("BEGIN IMMEDIATE");
    commit_ = database_.prepare("COMMIT");
    insert_event_ = database_.prepare(insert_event_sql);
    insert_delivery_ = database_.prepare("INSERT OR IGNORE INTO deliveries VALUES (?,?,?,?,?,?,?,?,?,?,?)");
    find_delivery_ = database_.prepare("SELECT state, replay, ordering_key, is_conditional FROM deliveries"
                                       " WHERE event=? AND handler=?");
    update_delivery_ = database_.prepare("UPDATE deliveries SET state=?, attempts=?, next_attempt_at=?,"
                                         " finished_at=?, reason=?, last_answer=?, is_conditional=?"
                                         " WHERE event=? AND handler=?");
    delete_delivery_ = database_.prepare("DELETE FROM deliveries WHERE event=? AND handler=?");
    insert_attempt_ = database_.prepare("INSERT OR REPLACE INTO attempts VALUES (?,?,?,?,?,?,?)");
    insert_step_ = database_.prepare("INSERT OR REPLACE INTO steps VALUES (?,?,?,?)");
    states_of_event_ = database_.prepare("SELECT state FROM deliveries WHERE event=?");
    id_of_event_ = database_.prepare("SELECT id FROM events WHERE sequence=?");
    received_at_ = database_.prepare("SELECT received_at FROM events WHERE sequence=?");
    find_id_ = database_.prepare("SELECT sequence FROM events WHERE id=?");
    has_other_delivery_ = database_.prepare("SELECT 1 FROM deliveries WHERE event=? AND handler<>? LIMIT 1");
    static const std::string whole = std::string("SELECT ") + event_columns + " FROM events WHERE sequence=?";
    whole_event_ = database_.prepare(whole.c_str());
    delete_event_ = database_.prepare("DELETE FROM events WHERE sequence=?");
    move_deliveries_ = database_.prepare("UPDATE deliveries SET event=? WHERE event=?");
    move_attempts_ = database_.prepare("UPDATE attempts SET event=? WHERE event=?");
    move_steps_ = database_.prepare("UPDATE steps SET event=? WHERE event=?");
    move_dead_ = database_.prepare("UPDATE dead SET event=? WHERE event=?");
    set_fact_ = database_.prepare("UPDATE facts SET value=? WHERE key=?");
    set_depth_ = database_.prepare("UPDATE handlers SET pending=?, retry=?, dead=?, last_error=? WHERE id=?");
    database_.on_commit([this](int wal_frames) { wal_frames_ = wal_frames; });
}

void session::begin() {
    at_begin_.emplace(state_);
    is_changed_ = false;
    begin_->run();
}

void session::commit() {
    if (is_changed_)
        write_state();
    database_.check_in_place(); // nobody is answered for what no start would find
    commit_->run();
    at_begin_.reset();
    repeats_.committed();
}

void session::rollback() noexcept {
    if (at_begin_)
        state_ = std::move(*at_begin_);
    at_begin_.reset();
    repeats_.rolled_back();
    try {
        database_.execute("ROLLBACK");
    } catch (const database_error&) { // SQLite has rolled back by itself
    }
}

void session::write_state() {
    for (const named_count& one : named_counts)
        if (state_.accounts.*one.count != at_begin_->accounts.*one.count)
            set_fact_->bind(static_cast<std::int64_t>(state_.accounts.*one.count), std::string_view(one.key))
                .run();
    if (state_.routed_up_to != at_begin_->routed_up_to)
        set_fact_->bind(state_.routed_up_to, std::string_view("routed_up_to")).run();
    if (state_.dropped_up_to != at_begin_->dropped_up_to)
        statement(database_, "INSERT OR REPLACE INTO facts VALUES (?,?)")
            .bind(std::string_view(dropped_mark), state_.dropped_up_to)
            .run();
    for (const auto& [name, now] : state_.depths) {
        const auto before = at_begin_->depths.find(name);
        if (before == at_begin_->depths.end() || before->second.pending != now.pending ||
            before->second.retry != now.retry || before->second.dead != now.dead ||
            before->second.last_error != now.last_error)
            set_depth_
                ->bind(static_cast<std::int64_t>(now.pending), static_cast<std::int64_t>(now.retry),
                       static_cast<std::int64_t>(now.dead), std::string_view(now.last_error),
                       state_.handler_ids.at(name))
                .run();
    }
}

sequence session::next_sequence() {
    state_.last_sequence = std::max(state_.last_sequence + 1, to_number(wall_now()));
    return state_.last_sequence;
}

bool session::is_within(sequence earlier, const event& what, std::chrono::milliseconds window) {
    // Not by the sequence, which goes on where the clock was set back.
    received_at_->bind(earlier);
    const wall_time then = to_wall_time(received_at_->step() ? received_at_->number(0) : earlier);
    received_at_->reset();
    return what.received_at - then < window;
}

session::appended session::repeat_of(sequence earlier) {
    appended repeat{{}, true, earlier, is_confirmed(earlier)};
    if (id_of_event_->bind(earlier).step()) {
        const std::string_view id = id_of_event_->view(0);
        std::copy_n(id.begin(), std::min(id.size(), repeat.id.size()), repeat.id.begin());
    }
    id_of_event_->reset();
    return repeat;
}

std::optional<sequence> session::sequence_of(const event_id& id) {
    const auto at = find_id_->bind(bytes_of(id)).step() ? std::optional{find_id_->number(0)} : std::nullopt;
    find_id_->reset();
    return at;
}

session::appended session::append(const event& what, std::chrono::milliseconds dedup_window) {
    const fingerprint by_body = fingerprint_of_body(what);
    const auto by_id = fingerprint_of_event_id(what);
    if (const auto earlier = repeats_.find(by_body); earlier && is_within(*earlier, what, dedup_window))
        return repeat_of(*earlier);
    if (const auto earlier = by_id ? repeats_.find(*by_id) : std::nullopt;
        earlier && is_within(*earlier, what, dedup_window))
        return repeat_of(*earlier);

    sequence at = next_sequence();
    while (!insert_event(database_, *insert_event_, at, what)) {
        if (sequence_of(what.id))
            return {what.id, true, at}; // by a commit that failed after it was written, and was carried over
        at = next_sequence();           // another event has its place
    }
    repeats_.add(by_body, at);
    if (by_id)
        repeats_.add(*by_id, at);
    ++state_.accounts.received;
    ++state_.accounts.pending;
    is_changed_ = true;
    return {what.id, false, at};
}

void session::route(const routing& what) {
    const bool is_there = id_of_event_->bind(what.sequence).step();
    id_of_event_->reset();
    if (is_there)
        return route_stored(what);
    state_.routed_up_to = std::max(state_.routed_up_to, what.sequence);
    is_changed_ = true;
}

void session::route_stored(const routing& what) {
    // Routed for the first time it has no deliveries yet, and needn't be asked for; unless a commit
    // that failed was written after all, and carried over: then nothing is inserted.
    const bool is_first = what.sequence > state_.routed_up_to;
    const auto before = is_first ? event_state::pending : summary_of(what.sequence);
    const bool is_fresh = insert_route(what);
    if (!is_first) {
        recount(before, summary_of(what.sequence));
    } else if (is_fresh && goes_to_nobody(what)) {
        recount(before, what.dead_reason.empty() ? event_state::unrouted : event_state::dead);
    }
    state_.routed_up_to = std::max(state_.routed_up_to, what.sequence);
    is_changed_ = true;
}

bool session::insert_route(const routing& what) {
    if (goes_to_nobody(what))
        return insert_nobody(what.sequence, what.ordering_key, 0, what.dead_reason);
    bool is_fresh = true;
    for (const destination& to : what.handlers)
        is_fresh = insert_pending(what, to, 0) && is_fresh;
    return is_fresh;
}

void session::settle(const settlement& what) {
    const std::int64_t handler = handler_id(what.handler);
    const sequence at = what.event ? sequence_of(*what.event).value_or(what.sequence) : what.sequence;
    find_delivery_->bind(at, handler);
    if (!find_delivery_->step()) {
        find_delivery_->reset();
        return; // its file was damaged, and the event is a new one now: that one is delivered
    }
    const auto state_before = static_cast<delivery_state>(find_delivery_->number(0));
    const auto replay = static_cast<std::uint32_t>(find_delivery_->number(1));
    const auto ordering_key = static_cast<std::uint64_t>(find_delivery_->number(2));
    find_delivery_->reset();
    if (what.state == delivery_state::unrouted)
        return settle_unwanted(what, ordering_key, replay);
    recounted(at, [&] {
        const std::optional<std::int64_t> finished =
            is_unfinished(what.state) ? std::nullopt : std::optional{to_number(what.started_at + what.took)};
        update_delivery_
            ->bind(static_cast<std::int64_t>(what.state), std::int64_t{what.attempts},
                   to_number(what.next_attempt_at), finished, std::string_view(what.reason),
                   std::string_view(what.last_answer), std::int64_t{what.is_undecided ? 1 : 0}, at, handler)
            .run();
        if (what.state == delivery_state::dead)
            note_dead(at, handler, what.handler, replay);
        if (what.has_steps && what.state == delivery_state::done)
            forget_steps(at, handler);
        // The one attempt that succeeded at once is told by the delivery itself.
        if (!what.is_wait && (what.state != delivery_state::done || what.attempts > 1))
            insert_attempt_
                ->bind(at, handler, std::int64_t{what.attempts}, to_number(what.started_at),
                       std::int64_t{what.took.count()}, static_cast<std::int64_t>(what.state),
                       std::string_view(what.reason))
                .run();
        count(what.handler, state_before, -1);
        count(what.handler, what.state, 1);
        if (!what.reason.empty() && !what.is_given_back)
            state_.depths[what.handler].last_error = what.reason;
    });
}

/// No `where` sends the event there: the delivery never was.
void session::settle_unwanted(const settlement& what, std::uint64_t ordering_key, std::uint32_t replay) {
    recounted(what.sequence, [&] {
        remove_delivery(what.sequence, handler_id(what.handler));
        if (!has_deliveries(what.sequence))
            insert_nobody(what.sequence, ordering_key, replay, what.reason);
    });
}

void session::maintain(sequence oldest_needed) {
    repeats_.maintain(oldest_needed);
}

std::optional<event_state> session::summary_of(sequence at) {
    states_of_event_->bind(at);
    bool is_pending = false;
    bool is_dead = false;
    bool is_done = false;
    bool is_unrouted = false;
    bool is_discarded = false;
    bool is_published = false;
    while (states_of_event_->step()) {
        switch (static_cast<delivery_state>(states_of_event_->number(0))) {
        case delivery_state::pending:
        case delivery_state::retry:
            is_pending = true;
            break;
        case delivery_state::done:
            is_done = true;
            break;
        case delivery_state::dead:
            is_dead = true;
            break;
        case delivery_state::unrouted:
            is_unrouted = true;
            break;
        case delivery_state::discarded:
            is_discarded = true;
            break;
        case delivery_state::published:
            is_published = true;
            break;
        }
    }
    if (is_pending || !(is_dead || is_done || is_unrouted || is_discarded ||
                        is_published)) // without a delivery: not routed yet
        return event_state::pending;
    if (is_dead)
        return event_state::dead;
    if (is_done)
        return event_state::done;
    if (is_unrouted)
        return event_state::unrouted;
    return is_discarded ? event_state::discarded : event_state::published;
}

void session::recount(std::optional<event_state> from, std::optional<event_state> to) {
    if (from)
        --(state_.accounts.*count_of(*from));
    if (to)
        ++(state_.accounts.*count_of(*to));
}

void session::count(const std::string& handler, delivery_state state, int by) {
    handler_depth& depth = state_.depths[handler];
    depth.handler = handler;
    const auto change = static_cast<std::uint64_t>(static_cast<std::int64_t>(by));
    if (state == delivery_state::pending)
        depth.pending += change;
    else if (state == delivery_state::retry)
        depth.retry += change;
    else if (state == delivery_state::dead)
        depth.dead += change;
}

std::int64_t session::handler_id(const std::string& name) {
    if (const auto known = state_.handler_ids.find(name); known != state_.handler_ids.end())
        return known->second;
    statement(database_, "INSERT OR IGNORE INTO handlers (name) VALUES (?)")
        .bind(std::string_view(name))
        .run();
    statement find(database_, "SELECT id FROM handlers WHERE name=?");
    find.bind(std::string_view(name)).step();
    const std::int64_t id = find.number(0);
    state_.handler_ids[name] = id;
    state_.depths[name].handler = name;
    return id;
}

} // namespace outreachd::store
