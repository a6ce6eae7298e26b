/// `/api/events`: list, show, replay.
#include "daemon/admin/change.hpp"
#include "daemon/admin/event_json.hpp"
#include "daemon/admin/json_writer.hpp"
#include "daemon/admin/route_parts.hpp"
#include "daemon/event/event_id.hpp"
#include "daemon/text/glob.hpp"

#include <algorithm>
#include <charconv>

namespace outreachd::admin {

namespace {

constexpr std::string_view no_event = "there is no such event";
/// What one commit routes anew, at most: an ack waits meanwhile.
constexpr std::size_t piece_events = 256;
constexpr std::size_t piece_bytes = 8 * 1024 * 1024;

void note_running(store::event_record& in, const services& of) {
    for (store::delivery_record& each : in.deliveries) {
        each.is_running = store::is_unfinished(each.state) && of.is_running(each.handler, in.sequence);
    }
}

answer list_events(const request& asked, const services& of) {
    auto parsed = parse_event_query(asked.query(), wall_now());
    if (const auto* bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    return read_job{[filter = std::get<store::event_filter>(std::move(parsed)), &of](store::reader& from) {
        auto found = from.list(filter);
        if (!found)
            return store_error(found.error(), no_event);
        for (store::event_record& each : found->records)
            note_running(each, of);
        response listed = json_answer(to_json(found->records));
        if (const auto& last = found->ended_at)
            note_search_end(listed, last->id, last->received_at);
        return listed;
    }};
}

answer show_event(const event_id& id, const services& of) {
    return read_job{[id, &of](store::reader& from) {
        auto found = from.story(id);
        if (!found)
            return store_error(found.error(), no_event);
        note_running(found->summary, of);
        return json_answer(to_json(*found));
    }};
}

/// Where the routes in force send an event; with a handler's name, to that one alone.
store::routing route_anew(const store::stored_event& stored, const std::string& handler, const services& of) {
    store::routing decided = of.route(stored);
    if (!handler.empty())
        std::erase_if(decided.handlers, [&](const auto& to) { return to.handler != handler; });
    return decided;
}

response replayed(std::uint64_t events, std::uint64_t deliveries, const std::string& cursor) {
    json_writer json;
    json.begin_object();
    json.member("events", events);
    json.member("deliveries", deliveries);
    json.member_or_null("cursor", cursor);
    json.end_object();
    return json_answer(std::move(json).take());
}

answer replay_event(const request& asked, const event_id& id, const services& of) {
    static constexpr std::string_view known[] = {"handler"};
    auto parsed = parse_list_query(asked.query(), known, wall_now());
    if (const auto* bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    return read_job{[id, handler = std::get<list_query>(parsed).handler, &of](store::reader& from) {
        const auto story = from.story(id);
        if (!story)
            return store_error(story.error(), no_event);
        const store::stored_event stored{story->summary.sequence, story->subject, true, {}};
        const store::routing decided = route_anew(stored, handler, of);
        if (decided.handlers.empty())
            return error_answer(
                409, !story->subject   ? "the event's record is damaged, so it can't be replayed"
                     : handler.empty() ? "no route takes the event, so there is nobody to replay it to"
                                       : "no route sends the event to '" + handler + "'");
        const auto changed = wait_for_changes(
            {[&](store::change_done done) { of.events.replay({decided}, std::move(done)); }});
        if (!changed)
            return change_is_late();
        if (*changed == 0)
            return error_answer(409, "all of the event's deliveries are still pending, so there is none to "
                                     "make anew");
        return replayed(1, *changed, {});
    }};
}

bool is_asked_for(const store::stored_event& stored, const list_query& asked) {
    if (!stored.is_routed || !stored.subject)
        return false;
    const event_facts& facts = stored.subject->facts;
    return (asked.name.empty() || glob_matches(asked.name, facts.name)) &&
           (asked.resource.empty() || store::names_resource(asked.resource, facts));
}

/// The events that are still to be replayed: those behind `after`, up to `last`.
struct replay_span {
    store::sequence after = 0;
    store::sequence last = 0;

    std::string to_cursor() const { return std::to_string(after) + "." + std::to_string(last); }
};

std::optional<replay_span> parse_replay_cursor(std::string_view text) {
    replay_span span;
    const char* const end = text.data() + text.size();
    const auto after = std::from_chars(text.data(), end, span.after);
    if (after.ec != std::errc{} || after.ptr == end || *after.ptr != '.')
        return std::nullopt;
    const auto last = std::from_chars(after.ptr + 1, end, span.last);
    return last.ec == std::errc{} && last.ptr == end ? std::optional{span} : std::nullopt;
}

/// One piece in the order of receipt, so that a resource's events come in their order again.
response replay_piece(const list_query& asked, replay_span span, store::reader& from, const services& of) {
    auto found = from.events_after(span.after, piece_events, piece_bytes);
    if (!found)
        return store_error(found.error(), no_event);
    std::erase_if(*found, [&](const auto& each) { return each.sequence > span.last; });
    if (!found->empty())
        span.after = found->back().sequence;
    std::vector<store::routing> routes;
    for (const store::stored_event& each : *found)
        if (is_asked_for(each, asked))
            if (auto decided = route_anew(each, asked.handler, of); !decided.handlers.empty())
                routes.push_back(std::move(decided));
    const std::uint64_t events = routes.size();
    std::optional<std::uint64_t> changed = 0;
    if (events > 0)
        changed = wait_for_changes(
            {[&](store::change_done done) { of.events.replay(std::move(routes), std::move(done)); }});
    if (!changed)
        return change_is_late();
    return replayed(events, *changed, found->empty() ? "" : span.to_cursor());
}

answer replay_since(const request& asked, const services& of) {
    static constexpr std::string_view known[] = {"since", "handler", "name", "resource", "cursor"};
    auto parsed = parse_list_query(asked.query(), known, wall_now());
    if (const auto* bad = std::get_if<bad_parameter>(&parsed))
        return error_answer(400, bad->message);
    auto& read = std::get<list_query>(parsed);
    if (!read.since)
        return error_answer(400, "parameter 'since' is missing: from when on to replay, such as 2h");
    const auto span = read.cursor.empty() ? std::optional<replay_span>{} : parse_replay_cursor(read.cursor);
    if (!read.cursor.empty() && !span)
        return error_answer(400, "parameter 'cursor' is none that an answer has given");
    return read_job{[read, span, &of](store::reader& from) {
        if (span)
            return replay_piece(read, *span, from, of);
        // A sequence is the time of receipt, or, where the clock was set back, one more than the last. What
        // comes from now on was not missed.
        const auto newest = from.routed_up_to();
        if (!newest)
            return store_error(newest.error(), no_event);
        return replay_piece(read, {read.since->time_since_epoch().count() - 1, *newest}, from, of);
    }};
}

} // namespace

answer event_route(const request& asked, std::string_view rest, const services& of) {
    if (rest.empty() || rest.find('/') == std::string_view::npos) {
        if (rest == "replay") {
            if (auto refused = refuse_unless_post(asked))
                return *refused;
            return replay_since(asked, of);
        }
        if (auto refused = refuse_unless_read(asked))
            return *refused;
        if (rest.empty())
            return list_events(asked, of);
        const auto id = parse_event_id(rest);
        if (!id)
            return error_answer(400, "'" + std::string{rest} + "' is not an event's id");
        return show_event(*id, of);
    }
    const std::size_t slash = rest.find('/');
    if (rest.substr(slash) != "/replay")
        return error_answer(404, "there is nothing at " + std::string{asked.path()});
    const auto id = parse_event_id(rest.substr(0, slash));
    if (!id)
        return error_answer(400, "'" + std::string{rest.substr(0, slash)} + "' is not an event's id");
    if (auto refused = refuse_unless_post(asked))
        return *refused;
    return replay_event(asked, *id, of);
}

} // namespace outreachd::admin
