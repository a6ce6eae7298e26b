#include "daemon/store/carried_rows.hpp"

#include "daemon/store/event_row.hpp"

namespace outreachd::store {

std::vector<carried_delivery> read_carried_deliveries(database& from, sequence at) {
    std::vector<carried_delivery> found;
    statement rows(from,
                   "SELECT h.name, d.state, d.attempts, d.next_attempt_at, d.ordering_key, d.finished_at,"
                   " d.reason, d.last_answer, d.handler, d.replay, d.is_conditional FROM deliveries d"
                   " LEFT JOIN handlers h ON h.id = d.handler WHERE d.event=?");
    statement attempts(from, "SELECT number, started_at, took, outcome, reason FROM attempts"
                             " WHERE event=? AND handler=? ORDER BY started_at");
    statement steps(from, "SELECT result FROM steps WHERE event=? AND handler=? ORDER BY number");
    rows.bind(at);
    while (rows.step()) {
        if (rows.is_null(0))
            throw damaged_file("a delivery in " + from.file() + " is of a handler that isn't there");
        carried_delivery one;
        one.handler = rows.text(0);
        one.state = static_cast<delivery_state>(rows.number(1));
        one.attempts = static_cast<std::uint32_t>(rows.number(2));
        one.next_attempt_at = rows.is_null(3) ? std::nullopt : std::optional{rows.number(3)};
        one.ordering_key = static_cast<std::uint64_t>(rows.number(4));
        one.finished_at = rows.is_null(5) ? std::nullopt : std::optional{rows.number(5)};
        one.reason = rows.text(6);
        one.last_answer = rows.text(7);
        one.replay = static_cast<std::uint32_t>(rows.number(9));
        one.is_conditional = rows.number(10) != 0;
        attempts.bind(at, rows.number(8));
        while (attempts.step())
            one.attempt_log.push_back({one.handler, static_cast<std::uint32_t>(attempts.number(0)),
                                       to_wall_time(attempts.number(1)),
                                       std::chrono::microseconds{attempts.number(2)},
                                       static_cast<delivery_state>(attempts.number(3)), attempts.text(4)});
        steps.bind(at, rows.number(8));
        while (steps.step())
            one.steps.push_back(steps.text(0));
        found.push_back(std::move(one));
    }
    return found;
}

} // namespace outreachd::store
