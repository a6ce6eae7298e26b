/// Lists of events and one event's story: what people ask of the store.
#include "daemon/store/event_row.hpp"
#include "daemon/store/guarded_read.hpp"
#include "daemon/store/kept_rows.hpp"
#include "daemon/store/list_bounds.hpp"
#include "daemon/text/glob.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace outreachd::store {

namespace {

/// As `summary_of_row` reads them.
constexpr const char* summary_columns =
    "sequence,id,name,resource,action,resource_id,job_id,delivered_at,is_readable,received_at,"
    "endpoint,source,length(body)";

/// Few among many: they are found by the partial indexes.
bool is_rare(const std::optional<event_state>& state) {
    return state == event_state::pending || state == event_state::dead || state == event_state::unrouted ||
           state == event_state::discarded;
}

bool fits_by_deliveries(const event_record& record, const event_filter& what) {
    if (what.state && record.state != *what.state)
        return false;
    return what.handler.empty() ||
           std::any_of(record.deliveries.begin(), record.deliveries.end(),
                       [&](const delivery_record& one) { return one.handler == what.handler; });
}

} // namespace

/// An event by its sequence.
const char* sqlite_reader::summary_sql() {
    static const std::string sql = std::string("SELECT ") + summary_columns + " FROM events WHERE sequence=?";
    return sql.c_str();
}

std::optional<sequence> sqlite_reader::sequence_of(const event_id& id) {
    statement find(*database_, "SELECT sequence FROM events WHERE id=?");
    return find.bind(bytes_of(id)).step() ? std::optional{find.number(0)} : std::nullopt;
}

/// Whether an event can be one that is asked for, as far as a name's glob and a resource tell. Most rows of a
/// search end here: nothing is copied, and no deliveries are read.
bool sqlite_reader::may_fit(const statement& summary, std::string_view name, std::string_view resource) {
    return (name.empty() || glob_matches(name, summary.view(2))) &&
           (resource.empty() || names_resource(resource, summary.view(3), summary.view(5)));
}

event_record sqlite_reader::summary_of_row(const statement& row) {
    event_record record;
    record.sequence = row.number(0);
    if (const std::string_view id = row.view(1); id.size() == record.id.size())
        std::copy(id.begin(), id.end(), record.id.begin());
    record.facts.name = row.text(2);
    record.facts.resource = row.text(3);
    record.facts.action = row.text(4);
    record.facts.resource_id = row.text(5);
    record.facts.job_id = row.text(6);
    if (!row.is_null(7))
        record.facts.delivered_at = to_wall_time(row.number(7));
    record.facts.is_readable = row.number(8) != 0;
    record.received_at = to_wall_time(row.number(9));
    record.endpoint = row.text(10);
    record.source = row.text(11);
    record.body_bytes = static_cast<std::uint64_t>(row.number(12));
    return record;
}

/// Its state, its deliveries, and its way to a broker.
void sqlite_reader::read_deliveries(event_record& of) {
    of.deliveries = rows_of(of);
    of.state = state_of(of.deliveries);
    const auto row = std::ranges::find(of.deliveries, outbox_name, &delivery_record::handler);
    if (row == of.deliveries.end())
        return;
    of.queued = publication{row->state == delivery_state::published, row->finished_at, row->next_attempt_at,
                            std::move(row->reason)};
    of.deliveries.erase(row);
}

/// The outbox's among them.
std::vector<delivery_record> sqlite_reader::rows_of(const event_record& of) {
    kept_rows asked(kept_.deliveries, *database_,
                    "SELECT h.name, d.state, d.attempts, d.next_attempt_at, d.finished_at, d.reason,"
                    " d.last_answer, d.replay FROM deliveries d JOIN handlers h ON h.id = d.handler"
                    " WHERE d.event=? ORDER BY d.handler",
                    of.sequence);
    const statement& rows = asked.row();
    std::vector<delivery_record> found;
    while (asked.step()) {
        delivery_record one;
        one.handler = rows.text(0);
        one.event = of.id;
        one.delivery = delivery_id(of.id, one.handler, static_cast<std::uint64_t>(rows.number(7)));
        one.state = static_cast<delivery_state>(rows.number(1));
        one.attempts = static_cast<std::uint32_t>(rows.number(2));
        if (!rows.is_null(3))
            one.next_attempt_at = to_wall_time(rows.number(3));
        if (!rows.is_null(4))
            one.finished_at = to_wall_time(rows.number(4));
        one.reason = rows.text(5);
        one.last_answer = rows.text(6);
        found.push_back(std::move(one));
    }
    return found;
}

event_state sqlite_reader::state_of(const std::vector<delivery_record>& rows) {
    const auto any = [&](delivery_state state) {
        return std::any_of(rows.begin(), rows.end(),
                           [state](const delivery_record& one) { return one.state == state; });
    };
    if (rows.empty() || any(delivery_state::pending) || any(delivery_state::retry))
        return event_state::pending;
    if (any(delivery_state::dead))
        return event_state::dead;
    if (any(delivery_state::done))
        return event_state::done;
    if (any(delivery_state::unrouted))
        return event_state::unrouted;
    return any(delivery_state::discarded) ? event_state::discarded : event_state::published;
}

/// Newest first. In the order of the rows, which is cheaper than to look each of them up, and with a read
/// transaction for each of the search's slices.
void sqlite_reader::look_at_all(sequence below, sequence lowest, search_pace& pace,
                                const summary_look& look) {
    static const std::string sql = std::string("SELECT ") + summary_columns +
                                   " FROM events WHERE sequence<? AND sequence>=? ORDER BY sequence DESC";
    statement rows(*database_, sql.c_str());
    for (bool is_more = true; is_more; pace.give_way()) {
        rows.bind(below, lowest);
        while ((is_more = rows.step()) && !pace.is_slice_over()) {
            if (look(rows))
                return;
            below = rows.number(0);
        }
        rows.reset();
    }
}

/// The same with those that have a delivery in such a state, or none yet.
void sqlite_reader::look_at_rare(const event_filter& what, sequence below, sequence lowest, search_pace& pace,
                                 const summary_look& look) {
    for (;;) {
        const std::vector<sequence> candidates = next_rare(what, below, lowest, pace);
        if (candidates.empty())
            return;
        for (const sequence at : candidates) {
            pace.give_way();
            kept_rows summary(kept_.summary, *database_, summary_sql(), at);
            if (summary.step() && look(summary.row()))
                return;
        }
        below = candidates.back();
    }
}

/// Sequences in [lowest, below), descending; none: the end. By the partial indexes, a handler at a time.
std::vector<sequence> sqlite_reader::next_rare(const event_filter& what, sequence below, sequence lowest,
                                               search_pace& pace) {
    std::vector<sequence> found;
    const auto collect = [&](statement& rows) {
        for (; rows.step(); pace.next())
            found.push_back(rows.number(0));
    };
    const bool is_pending = what.state == event_state::pending;
    std::vector<std::int64_t> handlers;
    statement names(*database_, "SELECT id, name FROM handlers");
    while (names.step())
        if (what.handler.empty() || names.text(1) == what.handler)
            handlers.push_back(names.number(0));
    statement rows(*database_, is_pending
                                   ? "SELECT event FROM deliveries WHERE handler=? AND event<? AND event>=?"
                                     " AND state<2 ORDER BY event DESC LIMIT ?"
                                   : "SELECT event FROM deliveries WHERE handler=? AND event<? AND event>=?"
                                     " AND state>=3 AND state<6 ORDER BY event DESC LIMIT ?");
    for (const std::int64_t handler : handlers) {
        pace.give_way();
        collect(rows.bind(handler, below, lowest, candidates_per_piece));
    }
    if (is_pending && what.handler.empty()) { // and those that aren't routed yet
        statement unrouted(*database_, "SELECT sequence FROM events WHERE sequence<? AND sequence>=?"
                                       " AND sequence > (SELECT value FROM facts WHERE key='routed_up_to')"
                                       " ORDER BY sequence DESC LIMIT ?");
        collect(unrouted.bind(below, lowest, candidates_per_piece));
    }
    std::sort(found.begin(), found.end(), std::greater<>());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found.size() > static_cast<std::size_t>(candidates_per_piece)) // beyond, a handler's may be missing
        found.resize(static_cast<std::size_t>(candidates_per_piece));
    return found;
}

result<found_list<event_record>> sqlite_reader::list(const event_filter& what) {
    return guarded(false, [&] {
        const std::size_t limit = std::min(what.limit, list_limit_max);
        sequence below = std::numeric_limits<sequence>::max();
        if (what.before)
            below = sequence_of(*what.before).value_or(to_number(time_of(*what.before)));
        // Events are stored behind their receipt, those of a queue or out of quarantine long behind it.
        const sequence lowest = what.since ? to_number(*what.since) : 0;
        found_list<event_record> found;
        std::size_t bytes = 0;
        search_pace pace(list_time_max_);
        const auto look = [&](const statement& summary) {
            pace.next();
            const bool is_candidate =
                may_fit(summary, what.name, what.resource) && summary.number(9) >= lowest;
            if (!is_candidate && !pace.is_over())
                return false;
            event_record record = summary_of_row(summary);
            read_deliveries(record);
            if (pace.is_over())
                found.ended_at = record;
            if (is_candidate && fits_by_deliveries(record, what)) {
                bytes += listed_bytes(record);
                found.records.push_back(std::move(record));
            }
            if (found.records.size() >= limit || found.ended_at)
                return true;
            if (bytes >= list_bytes_max)
                found.ended_at = found.records.back();
            return found.ended_at.has_value();
        };
        if (is_rare(what.state))
            look_at_rare(what, below, lowest, pace, look);
        else
            look_at_all(below, lowest, pace, look);
        return found;
    });
}

void sqlite_reader::read_attempts(event_story& of) {
    statement handlers(*database_, "SELECT a.handler, h.name, count(*) FROM attempts a"
                                   " JOIN handlers h ON h.id = a.handler WHERE a.event=? GROUP BY a.handler");
    statement newest(*database_,
                     "SELECT number, started_at, took, outcome, reason FROM attempts"
                     " WHERE event=? AND handler=? ORDER BY started_at DESC, number DESC LIMIT ?");
    handlers.bind(of.summary.sequence);
    while (handlers.step()) {
        const std::string name = handlers.text(1);
        if (const std::int64_t more = handlers.number(2) - attempts_of_one_max; more > 0)
            of.attempts_left_out[name] = static_cast<std::uint64_t>(more);
        newest.bind(of.summary.sequence, handlers.number(0), attempts_of_one_max);
        while (newest.step())
            of.attempts.push_back({name, static_cast<std::uint32_t>(newest.number(0)),
                                   to_wall_time(newest.number(1)),
                                   std::chrono::microseconds{newest.number(2)},
                                   static_cast<delivery_state>(newest.number(3)), newest.text(4)});
        newest.reset();
    }
    std::ranges::sort(of.attempts, {},
                      [](const attempt_record& one) { return std::tie(one.started_at, one.number); });
}

result<event_story> sqlite_reader::story(const event_id& id) {
    auto found = guarded(false, [&]() -> std::optional<event_story> {
        const auto at = sequence_of(id);
        if (!at)
            return std::nullopt;
        event_story told;
        statement row(*database_, summary_sql());
        if (!row.bind(*at).step())
            return std::nullopt;
        told.summary = summary_of_row(row);
        row.reset();
        read_deliveries(told.summary);

        static const std::string sql =
            std::string("SELECT ") + event_columns + " FROM events WHERE sequence=?";
        statement whole(*database_, sql.c_str());
        if (whole.bind(*at).step())
            told.subject = checked(whole).subject;
        read_attempts(told);
        return told;
    });
    return required(std::move(found));
}

} // namespace outreachd::store
