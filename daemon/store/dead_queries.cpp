/// Lists of dead deliveries: what people ask of the store.
#include "daemon/store/event_row.hpp"
#include "daemon/store/guarded_read.hpp"
#include "daemon/store/kept_rows.hpp"
#include "daemon/store/list_bounds.hpp"
#include "daemon/text/glob.hpp"

#include <algorithm>
#include <limits>

namespace outreachd::store {

namespace {

bool is_asked_for(const dead_delivery& one, const dead_filter& what) {
    const event_facts& facts = one.of.facts;
    if (what.since && one.what.finished_at && *one.what.finished_at < *what.since)
        return false;
    if (!what.name.empty() && !glob_matches(what.name, facts.name))
        return false;
    return what.resource.empty() || names_resource(what.resource, facts);
}

} // namespace

std::optional<sqlite_reader::dead_row> sqlite_reader::dead_row_of(const event_id& delivery) {
    statement find(*database_, "SELECT event, handler FROM dead WHERE delivery=?");
    if (!find.bind(bytes_of(delivery)).step())
        return std::nullopt;
    return dead_row{find.number(0), find.number(1)};
}

/// A piece of the places behind that one, in the order that is asked for.
std::vector<sqlite_reader::dead_row> sqlite_reader::next_dead(const dead_filter& what,
                                                              const dead_row& behind) {
    std::vector<dead_row> found;
    const auto collect = [&](statement& rows) {
        while (rows.step())
            found.push_back({rows.number(0), rows.number(1)});
    };
    if (what.in_order && what.handler.empty()) {
        statement rows(*database_, "SELECT event, handler FROM dead WHERE (event, handler) > (?, ?)"
                                   " AND event<=? ORDER BY event, handler LIMIT ?");
        collect(rows.bind(behind.event, behind.handler, what.in_order->newest, candidates_per_piece));
    } else if (what.in_order) {
        statement rows(*database_, "SELECT event, handler FROM dead WHERE event>=?1 AND event<=?3"
                                   " AND handler=(SELECT id FROM handlers WHERE name=?4)"
                                   " AND (event>?1 OR handler>?2) ORDER BY event LIMIT ?5");
        collect(rows.bind(behind.event, behind.handler, what.in_order->newest, std::string_view(what.handler),
                          candidates_per_piece));
    } else if (what.handler.empty()) {
        statement rows(*database_, "SELECT event, handler FROM dead WHERE (event, handler) < (?, ?)"
                                   " ORDER BY event DESC, handler DESC LIMIT ?");
        collect(rows.bind(behind.event, behind.handler, candidates_per_piece));
    } else {
        // `before` may be the same event's delivery to another handler.
        statement rows(*database_, "SELECT event, handler FROM dead WHERE event<=?1"
                                   " AND handler=(SELECT id FROM handlers WHERE name=?3)"
                                   " AND (event<?1 OR handler<?2) ORDER BY event DESC LIMIT ?4");
        collect(
            rows.bind(behind.event, behind.handler, std::string_view(what.handler), candidates_per_piece));
    }
    return found;
}

/// Nothing where it was revived, discarded or expired since its place was read, or its event has another
/// name or resource than those that are asked for.
std::optional<dead_delivery> sqlite_reader::dead_at(const dead_row& where, std::string_view name,
                                                    std::string_view resource) {
    kept_rows summary(kept_.summary, *database_, summary_sql(), where.event);
    if (!summary.step() || !may_fit(summary.row(), name, resource))
        return std::nullopt;
    dead_delivery one{summary_of_row(summary.row()), {}};
    kept_rows names(kept_.handler_name, *database_, "SELECT name FROM handlers WHERE id=?", where.handler);
    const std::string handler = names.step() ? names.row().text(0) : std::string{};
    auto deliveries = rows_of(one.of);
    one.of.state = state_of(deliveries);
    for (delivery_record& each : deliveries)
        if (each.handler == handler && each.state == delivery_state::dead) {
            one.what = std::move(each);
            return one;
        }
    return std::nullopt;
}

result<found_list<dead_delivery>> sqlite_reader::list_dead(const dead_filter& what) {
    bool is_place_known = true;
    auto found = guarded(false, [&] {
        const std::size_t limit = std::min(what.limit, list_limit_max);
        dead_row behind{std::numeric_limits<sequence>::max(), 0};
        if (what.in_order) {
            const dead_place& place = what.in_order->behind;
            statement handler(*database_, "SELECT id FROM handlers WHERE name=?");
            const bool is_known = handler.bind(std::string_view(place.handler)).step();
            behind = {place.sequence, is_known ? handler.number(0) : 0};
        } else if (what.before) {
            const auto place = dead_row_of(*what.before);
            is_place_known = place.has_value();
            behind = place.value_or(dead_row{0, 0});
        }
        found_list<dead_delivery> fitting;
        std::size_t bytes = 0;
        search_pace pace(list_time_max_);
        for (;;) {
            const std::vector<dead_row> places = next_dead(what, behind);
            if (places.empty())
                return fitting;
            for (const dead_row& each : places) {
                pace.give_way();
                pace.next();
                auto one = pace.is_over() ? dead_at(each) : dead_at(each, what.name, what.resource);
                if (!one)
                    continue;
                if (pace.is_over())
                    fitting.ended_at = one;
                if (is_asked_for(*one, what)) {
                    bytes += listed_bytes(one->of) + one->what.reason.size();
                    fitting.records.push_back(std::move(*one));
                }
                if (fitting.records.size() >= limit || fitting.ended_at)
                    return fitting;
                if (bytes >= list_bytes_max) {
                    fitting.ended_at = fitting.records.back();
                    return fitting;
                }
            }
            behind = places.back();
        }
    });
    if (found && !is_place_known)
        return errc::not_found;
    return found;
}

result<event_id> sqlite_reader::event_of_dead(const event_id& delivery) {
    auto found = guarded(false, [&]() -> std::optional<event_id> {
        const auto place = dead_row_of(delivery);
        if (!place)
            return std::nullopt;
        const auto one = dead_at(*place);
        return one ? std::optional{one->of.id} : std::nullopt;
    });
    return required(found);
}

} // namespace outreachd::store
