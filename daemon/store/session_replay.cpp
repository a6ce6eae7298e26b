/// What operators ask of a session: replay, revive, discard.
#include "daemon/store/event_row.hpp"
#include "daemon/store/session.hpp"

#include <algorithm>

namespace outreachd::store {

std::uint64_t session::replay(const routing& what) {
    const bool is_there = id_of_event_->bind(what.sequence).step();
    id_of_event_->reset();
    const bool is_routed = what.sequence <= state_.routed_up_to;
    if (!is_there || !is_routed)
        return 0;
    const bool is_only_a_brokers = outbox_state(what.sequence) && !has_own_deliveries(what.sequence);
    const bool may_be_published =
        std::ranges::find(what.handlers, outbox_name, &destination::handler) != what.handlers.end();
    if (is_only_a_brokers && may_be_published)
        return publish_again(what.sequence);
    if (what.handlers.empty())
        return 0;
    std::uint64_t changed = 0;
    recounted(what.sequence, [&] {
        const std::uint32_t replay = next_replay(what.sequence);
        remove_delivery(what.sequence, 0); // it was unrouted, or dead without a handler
        if (is_only_a_brokers)
            remove_delivery(what.sequence, handler_id(outbox_name));
        for (const destination& to : what.handlers) {
            if (to.handler == outbox_name && what.handlers.size() > 1)
                continue; // handlers here have it
            const std::int64_t handler = handler_id(to.handler);
            find_delivery_->bind(what.sequence, handler);
            const std::optional<std::int64_t> state =
                find_delivery_->step() ? std::optional{find_delivery_->number(0)} : std::nullopt;
            find_delivery_->reset();
            if (state && is_unfinished(static_cast<delivery_state>(*state)))
                continue;
            if (state)
                keep_last_attempt(what.sequence, handler);
            remove_delivery(what.sequence, handler);
            forget_steps(what.sequence, handler);
            changed += insert_pending(what, to, replay) ? 1U : 0U;
        }
    });
    return changed;
}

std::uint64_t session::revive(const event_id& delivery, bool is_from_start) {
    const auto found = find_dead(delivery);
    if (!found || found->handler == 0)
        return 0;
    recounted(found->event, [&] {
        statement(database_,
                  "UPDATE deliveries SET state=0, attempts=0, next_attempt_at=NULL, finished_at=NULL,"
                  " reason='', last_answer='' WHERE event=? AND handler=?")
            .bind(found->event, found->handler)
            .run();
        forget_dead(found->event, found->handler);
        if (is_from_start)
            forget_steps(found->event, found->handler);
        const std::string name = handler_name(found->handler);
        count(name, delivery_state::dead, -1);
        count(name, delivery_state::pending, 1);
    });
    return 1;
}

std::uint64_t session::discard(const event_id& delivery) {
    const auto found = find_dead(delivery);
    if (!found)
        return 0;
    give_up(*found, delivery_state::dead);
    forget_dead(found->event, found->handler);
    return 1;
}

std::uint64_t session::discard_waiting(const std::string& handler, std::size_t limit) {
    const auto known = state_.handler_ids.find(handler); // a name that was mistyped makes no handler
    if (known == state_.handler_ids.end() || handler == outbox_name)
        return 0;
    const std::int64_t id = known->second;
    std::vector<std::pair<sequence, delivery_state>> waiting;
    statement rows(database_, "SELECT event, state FROM deliveries WHERE handler=? AND state<2"
                              " ORDER BY event LIMIT ?");
    rows.bind(id, static_cast<std::int64_t>(limit));
    while (rows.step())
        waiting.emplace_back(rows.number(0), static_cast<delivery_state>(rows.number(1)));
    for (const auto& [event, state] : waiting)
        give_up({event, id}, state);
    return waiting.size();
}

void session::give_up(const dead_row& what, delivery_state state_before) {
    recounted(what.event, [&] {
        statement(database_, "UPDATE deliveries SET state=?, next_attempt_at=NULL, finished_at=?"
                             " WHERE event=? AND handler=?")
            .bind(static_cast<std::int64_t>(delivery_state::discarded), to_number(wall_now()), what.event,
                  what.handler)
            .run();
        forget_steps(what.event, what.handler);
        count(handler_name(what.handler), state_before, -1);
    });
}

/// An attempt that succeeded at once is told by its delivery alone, which is about to go.
void session::keep_last_attempt(sequence at, std::int64_t handler) {
    statement(database_,
              "INSERT OR IGNORE INTO attempts SELECT event, handler, attempts, finished_at, 0, state, reason"
              " FROM deliveries WHERE event=? AND handler=? AND attempts=1 AND state=2"
              " AND finished_at IS NOT NULL")
        .bind(at, handler)
        .run();
}

bool session::insert_pending(const routing& what, const destination& to, std::uint32_t replay) {
    insert_delivery_
        ->bind(what.sequence, handler_id(to.handler), std::int64_t{0}, std::int64_t{0}, nullptr,
               static_cast<std::int64_t>(what.ordering_key), nullptr, std::string_view(), std::string_view(),
               std::int64_t{replay}, std::int64_t{to.is_conditional ? 1 : 0})
        .run();
    if (database_.changes() == 0)
        return false;
    count(to.handler, delivery_state::pending, 1);
    return true;
}

bool session::insert_nobody(sequence at, std::uint64_t ordering_key, std::uint32_t replay,
                            const std::string& dead_reason) {
    const auto state = dead_reason.empty() ? delivery_state::unrouted : delivery_state::dead;
    insert_delivery_
        ->bind(at, std::int64_t{0}, static_cast<std::int64_t>(state), std::int64_t{0}, nullptr,
               static_cast<std::int64_t>(ordering_key), to_number(wall_now()), std::string_view(dead_reason),
               std::string_view(), std::int64_t{replay}, std::int64_t{0})
        .run();
    if (database_.changes() == 0)
        return false;
    count("", state, 1);
    if (state == delivery_state::dead)
        note_dead(at, 0, "", replay);
    return true;
}

void session::remove_delivery(sequence at, std::int64_t handler) {
    find_delivery_->bind(at, handler);
    const std::optional<std::int64_t> state =
        find_delivery_->step() ? std::optional{find_delivery_->number(0)} : std::nullopt;
    find_delivery_->reset();
    if (!state)
        return;
    delete_delivery_->bind(at, handler).run();
    if (*state == static_cast<std::int64_t>(delivery_state::dead))
        forget_dead(at, handler);
    count(handler_name(handler), static_cast<delivery_state>(*state), -1);
}

std::uint32_t session::next_replay(sequence at) {
    statement last(database_, "SELECT coalesce(max(replay), 0) FROM deliveries WHERE event=?");
    last.bind(at).step();
    return static_cast<std::uint32_t>(last.number(0)) + 1;
}

bool session::has_deliveries(sequence at) {
    states_of_event_->bind(at);
    const bool has_one = states_of_event_->step();
    states_of_event_->reset();
    return has_one;
}

std::optional<session::dead_row> session::find_dead(const event_id& delivery) {
    statement find(database_, "SELECT event, handler FROM dead WHERE delivery=?");
    if (!find.bind(bytes_of(delivery)).step())
        return std::nullopt;
    return dead_row{find.number(0), find.number(1)};
}

void session::note_dead(sequence at, std::int64_t handler, const std::string& name, std::uint32_t replay) {
    event_id event{};
    if (id_of_event_->bind(at).step()) {
        const std::string_view id = id_of_event_->view(0);
        std::copy_n(id.begin(), std::min(id.size(), event.size()), event.begin());
    }
    id_of_event_->reset();
    const event_id delivery = delivery_id(event, name, replay);
    statement(database_, "INSERT OR REPLACE INTO dead VALUES (?,?,?)")
        .bind(bytes_of(delivery), at, handler)
        .run();
}

void session::forget_dead(sequence at, std::int64_t handler) {
    statement(database_, "DELETE FROM dead WHERE event=? AND handler=?").bind(at, handler).run();
}

std::string session::handler_name(std::int64_t id) const {
    for (const auto& [name, known] : state_.handler_ids)
        if (known == id)
            return name;
    return {};
}

} // namespace outreachd::store
