/// What a session takes over from an older file.
#include "daemon/store/event_row.hpp"
#include "daemon/store/session.hpp"

#include <algorithm>

namespace outreachd::store {

std::optional<stored_event> session::carry(const carried_event& what) {
    const event& subject = *what.what.subject;
    const bool is_there = sequence_of(subject.id).has_value();
    const bool was_never_routed =
        !is_there && what.deliveries.empty() && what.what.sequence <= state_.routed_up_to;
    sequence at = was_never_routed ? next_sequence() : what.what.sequence;
    if (!is_there && !insert_event(database_, *insert_event_, at, subject)) {
        at = next_sequence(); // the clock was set back: another event has its place
        insert_event(database_, *insert_event_, at, subject);
    }
    // Known as a repeat even where an earlier try has carried it.
    const auto remember = [&](const fingerprint& one) {
        const auto known = repeats_.find(one);
        if (!known || *known < at) // the newest counts, whatever comes first
            repeats_.add(one, at);
    };
    remember(fingerprint_of_body(subject));
    if (const auto by_id = fingerprint_of_event_id(subject))
        remember(*by_id);
    if (is_there)
        return std::nullopt;
    state_.last_sequence = std::max(state_.last_sequence, at);
    for (const carried_delivery& one : what.deliveries) {
        const std::int64_t handler = handler_id(one.handler);
        insert_delivery_
            ->bind(at, handler, static_cast<std::int64_t>(one.state), std::int64_t{one.attempts},
                   one.next_attempt_at, static_cast<std::int64_t>(one.ordering_key), one.finished_at,
                   std::string_view(one.reason), std::string_view(one.last_answer), std::int64_t{one.replay},
                   std::int64_t{one.is_conditional ? 1 : 0})
            .run();
        if (database_.changes() > 0) {
            count(one.handler, one.state, 1);
            if (one.state == delivery_state::dead)
                note_dead(at, handler, one.handler, one.replay);
        }
        for (const attempt_record& attempt : one.attempt_log)
            insert_attempt_
                ->bind(at, handler, std::int64_t{attempt.number}, to_number(attempt.started_at),
                       std::int64_t{attempt.took.count()}, static_cast<std::int64_t>(attempt.outcome),
                       std::string_view(attempt.reason))
                .run();
        for (std::size_t number = 0; number < one.steps.size(); ++number)
            insert_step_
                ->bind(at, handler, static_cast<std::int64_t>(number), std::string_view(one.steps[number]))
                .run();
    }
    ++state_.accounts.received;
    recount(std::nullopt, summary_of(at));
    is_changed_ = true;
    if (!was_never_routed)
        return std::nullopt;
    return stored_event{at, what.what.subject, false, {}};
}

bool session::is_first_time(const std::string& mark) {
    statement(database_, "INSERT OR IGNORE INTO facts VALUES (?, 1)").bind(std::string_view(mark)).run();
    return database_.changes() > 0;
}

void session::count_lost(std::int64_t older_file, std::uint64_t events) {
    if (!is_first_time("lost_" + std::to_string(older_file)))
        return;
    state_.accounts.received += events;
    is_changed_ = true;
}

void session::carry_departed(std::int64_t older_file, const departed_events& what) {
    if (!is_first_time(departed_mark(older_file)))
        return;
    state_.accounts.expired += what.expired;
    state_.accounts.received += what.expired;
    state_.dropped_up_to = std::max(state_.dropped_up_to, what.dropped_up_to);
    is_changed_ = true;
}

void session::continue_behind(sequence last) {
    state_.last_sequence = std::max(state_.last_sequence, last);
}

} // namespace outreachd::store
