/// Events on their way to a broker, and those that come from it.
#include "daemon/store/event_row.hpp"
#include "daemon/store/session.hpp"

#include <string>

namespace outreachd::store {

/// Nothing where the event was never meant for a broker.
std::optional<delivery_state> session::outbox_state(sequence at) {
    const auto known = state_.handler_ids.find(outbox_name);
    if (known == state_.handler_ids.end())
        return std::nullopt;
    find_delivery_->bind(at, known->second);
    const auto state = find_delivery_->step()
                           ? std::optional{static_cast<delivery_state>(find_delivery_->number(0))}
                           : std::nullopt;
    find_delivery_->reset();
    return state;
}

/// Of one that is in the outbox.
bool session::is_in_work_queue(sequence at) {
    find_delivery_->bind(at, handler_id(outbox_name));
    const bool is_there = find_delivery_->step() && find_delivery_->number(3) != 0;
    find_delivery_->reset();
    return is_there;
}

/// Not while it is in the outbox, nor while it may still get there. One that is gone was finished.
bool session::is_confirmed(sequence at) {
    if (const auto state = outbox_state(at))
        return !is_unfinished(*state);
    const bool is_there = id_of_event_->bind(at).step();
    id_of_event_->reset();
    return !is_there || has_own_deliveries(at);
}

/// Whether anything but the outbox knows where the event goes.
bool session::has_own_deliveries(sequence at) {
    const auto known = state_.handler_ids.find(outbox_name);
    has_other_delivery_->bind(at, known == state_.handler_ids.end() ? std::int64_t{-1} : known->second);
    const bool has_one = has_other_delivery_->step();
    has_other_delivery_->reset();
    return has_one;
}

void session::note_published(const event_id& id) {
    const auto at = sequence_of(id);
    const auto state = at ? outbox_state(*at) : std::nullopt;
    if (!state || !is_unfinished(*state))
        return;
    move_outbox_row(*at, *state, delivery_state::published);
}

std::uint64_t session::publish_again(sequence at) {
    if (outbox_state(at) != delivery_state::published)
        return 0;
    move_outbox_row(at, delivery_state::published, delivery_state::pending);
    return 1;
}

void session::move_outbox_row(sequence at, delivery_state from, delivery_state to) {
    const auto before = is_unfinished(from) ? event_state::pending : summary_of(at);
    const std::optional<std::int64_t> finished =
        is_unfinished(to) ? std::nullopt : std::optional{to_number(wall_now())};
    update_delivery_
        ->bind(static_cast<std::int64_t>(to), std::int64_t{0}, nullptr, finished, std::string_view(),
               std::string_view(), std::int64_t{0}, at, handler_id(outbox_name))
        .run();
    count(outbox_name, from, -1);
    count(outbox_name, to, 1);
    recount(before, summary_of(at));
    is_changed_ = true;
}

std::uint64_t session::withdraw(const routing& what) {
    const auto state = outbox_state(what.sequence);
    if (!state || !is_unfinished(*state))
        return 0;
    if (is_in_work_queue(what.sequence)) { // a worker has it, or gets it
        move_outbox_row(what.sequence, *state, delivery_state::published);
        return 1;
    }
    recounted(what.sequence, [&] {
        remove_delivery(what.sequence, handler_id(outbox_name));
        insert_route(what);
    });
    return 1;
}

std::optional<stored_event> session::take_in(std::shared_ptr<const event> what, const routing_of& decide) {
    const auto earlier = sequence_of(what->id);
    if (earlier && has_own_deliveries(*earlier))
        return std::nullopt;
    const auto before = earlier ? summary_of(*earlier) : std::nullopt;
    if (earlier)
        what = remove_for_moving(*earlier, std::move(what));
    sequence at = next_sequence();
    while (!insert_event(database_, *insert_event_, at, *what))
        at = next_sequence(); // another event has its place
    repeats_.add(fingerprint_of_body(*what), at);
    if (const auto by_id = fingerprint_of_event_id(*what))
        repeats_.add(*by_id, at);
    if (earlier) {
        for (statement* const move_rows :
             {move_deliveries_.get(), move_attempts_.get(), move_steps_.get(), move_dead_.get()})
            move_rows->bind(at, *earlier).run();
    } else {
        ++state_.accounts.received;
    }
    stored_event taken{at, std::move(what), true, {}};
    taken.route = decide(taken);
    taken.route->sequence = at;
    insert_route(*taken.route);
    recount(before, summary_of(at));
    state_.routed_up_to = at;
    is_changed_ = true;
    return taken;
}

/// An event of our own that comes back takes the place in the order that it has now: its deliveries follow
/// those of the events that came before it. Gives the event as it was stored, which holds more than a
/// message.
std::shared_ptr<const event> session::remove_for_moving(sequence at, std::shared_ptr<const event> otherwise) {
    if (whole_event_->bind(at).step())
        if (auto stored = read_event_row(*whole_event_).subject)
            otherwise = std::move(stored);
    whole_event_->reset();
    delete_event_->bind(at).run();
    return otherwise;
}

} // namespace outreachd::store
