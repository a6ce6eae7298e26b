/// What leaves a session's file.
#include "daemon/store/session.hpp"

#include <algorithm>

namespace outreachd::store {

void session::expire(std::span<const finished_event> events) {
    statement dead(database_, "SELECT h.name FROM deliveries d JOIN handlers h ON h.id = d.handler"
                              " WHERE d.event=? AND d.state=3");
    statement dead_ids(database_, "DELETE FROM dead WHERE event=?");
    statement attempts(database_, "DELETE FROM attempts WHERE event=?");
    statement steps(database_, "DELETE FROM steps WHERE event=?");
    statement deliveries(database_, "DELETE FROM deliveries WHERE event=?");
    statement event(database_, "DELETE FROM events WHERE sequence=?");
    for (const finished_event& one : events) {
        if (summary_of(one.sequence) != one.state)
            continue;
        dead.bind(one.sequence);
        while (dead.step())
            count(dead.text(0), delivery_state::dead, -1);
        dead_ids.bind(one.sequence).run();
        attempts.bind(one.sequence).run();
        steps.bind(one.sequence).run();
        deliveries.bind(one.sequence).run();
        event.bind(one.sequence).run();
        recount(one.state, std::nullopt);
        ++state_.accounts.expired;
        is_changed_ = true;
    }
}

void session::drop(std::span<const finished_event> events) {
    expire(events);
    for (const finished_event& one : events) {
        state_.dropped_up_to = std::max(state_.dropped_up_to, one.sequence);
        is_changed_ = true;
    }
}

void session::give_back_pages() {
    database_.execute("PRAGMA incremental_vacuum(64)");
}

} // namespace outreachd::store
