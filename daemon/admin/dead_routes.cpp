/// `/api/dead`: list, show, replay, discard.
#include "daemon/admin/change.hpp"
#include "daemon/admin/event_json.hpp"
#include "daemon/admin/json_writer.hpp"
#include "daemon/admin/route_parts.hpp"
#include "daemon/event/event_id.hpp"

#include <algorithm>
#include <charconv>

namespace outreachd::admin {

namespace {

constexpr std::string_view no_delivery =
    "there is no such dead delivery; it may have been replayed or discarded";
/// What one commit changes, at most: an ack waits meanwhile.
constexpr std::size_t piece_deliveries = 256;

enum class change { replay, replay_from_start, discard };

response changed_answer(change what, std::uint64_t count, const std::string& cursor = {}) {
    json_writer json;
    json.begin_object();
    json.member(what == change::discard ? "discarded" : "replayed", count);
    json.member_or_null("cursor", cursor);
    json.end_object();
    return json_answer(std::move(json).take());
}

answer list_dead(const request& asked) {
    auto parsed = parse_dead_query(asked.query(), wall_now());
    if (const auto* bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    return read_job{[filter = std::get<store::dead_filter>(std::move(parsed))](store::reader& from) {
        const auto found = from.list_dead(filter);
        if (!found)
            return store_error(found.error(), no_delivery);
        response listed = json_answer(to_json(found->records));
        if (const auto& last = found->ended_at)
            note_search_end(listed, last->what.delivery, last->of.received_at);
        return listed;
    }};
}

/// The story of the event that a dead delivery is of, and where in it the delivery stands.
struct dead_story {
    store::event_story story;
    store::delivery_record delivery;
};

result<dead_story> read_dead(const event_id& id, store::reader& from) {
    const auto event = from.event_of_dead(id);
    if (!event)
        return event.error();
    auto story = from.story(*event);
    if (!story)
        return story.error();
    for (const store::delivery_record& each : story->summary.deliveries)
        if (each.delivery == id && each.state == store::delivery_state::dead)
            return dead_story{*story, each};
    return errc::not_found;
}

answer show_dead(const event_id& id) {
    return read_job{[id](store::reader& from) {
        const auto found = read_dead(id, from);
        if (!found)
            return store_error(found.error(), no_delivery);
        return json_answer(to_json(found->story, found->delivery));
    }};
}

/// Dead deliveries as they are changed together: those of handlers by their ids, those of nobody by a route.
struct piece {
    std::vector<event_id> ids;
    std::vector<store::routing> routes;

    /// False: no route takes it.
    bool add(const store::event_record& event, const store::delivery_record& delivery, change what,
             store::reader& from, const services& of) {
        if (what == change::discard || !delivery.handler.empty()) {
            ids.push_back(delivery.delivery);
            return true;
        }
        const auto stored = from.event_at(event.sequence);
        if (!stored || !stored->subject)
            return false;
        store::routing decided = of.route(*stored);
        if (decided.handlers.empty())
            return false;
        routes.push_back(std::move(decided));
        return true;
    }

    /// How many were changed; nothing where the disk takes too long.
    std::optional<std::uint64_t> apply(change what, const services& of) && {
        std::vector<change_request> wanted;
        if (!ids.empty())
            wanted.emplace_back([&](store::change_done done) {
                if (what == change::discard)
                    of.events.discard(std::move(ids), std::move(done));
                else
                    of.events.revive(std::move(ids), what == change::replay_from_start, std::move(done));
            });
        if (!routes.empty())
            wanted.emplace_back(
                [&](store::change_done done) { of.events.replay(std::move(routes), std::move(done)); });
        return wait_for_changes(wanted);
    }
};

answer change_one(const event_id& id, change what, const services& of) {
    return read_job{[id, what, &of](store::reader& from) {
        const auto found = read_dead(id, from);
        if (!found)
            return store_error(found.error(), no_delivery);
        piece one;
        if (!one.add(found->story.summary, found->delivery, what, from, of))
            return error_answer(409, found->story.subject
                                         ? "no route takes the event, so there is nobody to replay it to"
                                         : "the event's record is damaged, so it can't be replayed");
        const auto changed = std::move(one).apply(what, of);
        if (!changed)
            return change_is_late();
        return *changed == 0 ? error_answer(404, no_delivery) : changed_answer(what, *changed);
    }};
}

/// Nothing is behind it.
constexpr const char* end_cursor = "0.0.";

std::string cursor_of(const store::dead_span& span, const store::dead_delivery& reached) {
    return std::to_string(span.newest) + "." + std::to_string(reached.of.sequence) + "." +
           reached.what.handler;
}

std::optional<store::dead_span> parse_cursor(std::string_view text) {
    store::dead_span span;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (store::sequence* const number : {&span.newest, &span.behind.sequence}) {
        const auto read = std::from_chars(at, end, *number);
        if (read.ec != std::errc{} || read.ptr == end || *read.ptr != '.')
            return std::nullopt;
        at = read.ptr + 1;
    }
    span.behind.handler.assign(at, end);
    return span;
}

/// Deliveries that wait for a handler which the configuration no longer has can be given up as well: nobody
/// else will ever end them.
std::optional<std::uint64_t> discard_waiting(const std::string& handler, const services& of) {
    if (handler.empty() || of.has_handler(handler))
        return 0;
    return wait_for_changes({[&](store::change_done done) {
        of.events.discard_waiting(handler, piece_deliveries, std::move(done));
    }});
}

/// One piece in the order of receipt, so that a record's events come in their order again.
response change_piece(store::dead_filter filter, change what, store::reader& from, const services& of) {
    if (!filter.in_order) { // the first: what dies of events that come from now on isn't meant
        const auto newest = from.routed_up_to();
        if (!newest)
            return store_error(newest.error(), no_delivery);
        filter.in_order = store::dead_span{{}, *newest};
    }
    const auto found = from.list_dead(filter);
    if (!found)
        return store_error(found.error(), no_delivery);
    piece many;
    for (const store::dead_delivery& each : found->records)
        many.add(each.of, each.what, what, from, of);
    auto changed = std::move(many).apply(what, of);
    if (!changed)
        return change_is_late();
    if (found->ended_at)
        return changed_answer(what, *changed, cursor_of(*filter.in_order, *found->ended_at));
    if (!found->records.empty())
        return changed_answer(what, *changed, cursor_of(*filter.in_order, found->records.back()));
    const bool is_narrowed = filter.since || !filter.name.empty() || !filter.resource.empty();
    if (what != change::discard || is_narrowed)
        return changed_answer(what, 0);
    changed = discard_waiting(filter.handler, of);
    if (!changed)
        return change_is_late();
    return changed_answer(what, *changed, *changed == piece_deliveries ? end_cursor : "");
}

answer change_many(const request& asked, change what, const services& of) {
    static constexpr std::string_view known[] = {"since", "handler", "name", "resource", "cursor"};
    auto parsed = parse_list_query(asked.query(), known, wall_now());
    if (const auto* bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    auto& read = std::get<list_query>(parsed);
    store::dead_filter filter;
    filter.limit = piece_deliveries;
    filter.since = read.since;
    filter.handler = read.handler;
    filter.name = read.name;
    filter.resource = read.resource;
    if (!read.cursor.empty()) {
        filter.in_order = parse_cursor(read.cursor);
        if (!filter.in_order)
            return error_answer(400, "parameter 'cursor' is none that an answer has given");
    }
    return read_job{
        [filter, what, &of](store::reader& from) { return change_piece(filter, what, from, of); }};
}

std::optional<change> parse_change(std::string_view word) {
    if (word == "replay")
        return change::replay;
    if (word == "replay-from-start")
        return change::replay_from_start;
    return word == "discard" ? std::optional{change::discard} : std::nullopt;
}

} // namespace

answer dead_route(const request& asked, std::string_view rest, const services& of) {
    const std::size_t slash = rest.find('/');
    const auto what = parse_change(slash == std::string_view::npos ? rest : rest.substr(slash + 1));
    if (what) {
        const auto id = parse_event_id(rest.substr(0, slash));
        if (slash != std::string_view::npos && !id)
            return error_answer(400, "'" + std::string{rest.substr(0, slash)} + "' is not a delivery's id");
        if (auto refused = refuse_unless_post(asked))
            return *refused;
        if (!id)
            return change_many(asked, *what, of);
        if (auto refused = refuse_parameters(asked))
            return *refused;
        return change_one(*id, *what, of);
    }
    if (slash != std::string_view::npos)
        return error_answer(404, "there is nothing at " + std::string{asked.path()});
    if (auto refused = refuse_unless_read(asked))
        return *refused;
    if (rest.empty())
        return list_dead(asked);
    const auto id = parse_event_id(rest);
    if (!id)
        return error_answer(400, "'" + std::string{rest} + "' is not a delivery's id");
    return show_dead(*id);
}

} // namespace outreachd::admin
