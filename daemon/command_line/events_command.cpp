/// Asks for events and shows them; what may be asked for is the admin API's to say.
#include "daemon/command_line/events_command.hpp"

#include "daemon/admin/client.hpp"
#include "daemon/admin/event_query.hpp"
#include "daemon/command_line/ask_daemon.hpp"
#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/event_story_text.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/spoken_time.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/event/event_id.hpp"
#include "daemon/text/percent_encode.hpp"

#include <ostream>
#include <utility>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

std::string received(const json::value& event, wall_time now) {
    const std::string text = text_at(event, "received_at");
    const auto time = parse_timestamp(text);
    return time ? spoken_relative(*time, now) : text;
}

void show_event_list(const json::value& answer, std::size_t limit, bool is_whole, std::ostream& out) {
    const json::array& events = answer.get_array();
    if (events.empty()) {
        out << (is_whole ? "no such events\n" : "nothing found so far\n");
        return;
    }
    const wall_time now = wall_now();
    std::vector<std::vector<std::string>> rows;
    for (const json::value& each : events)
        rows.push_back({text_at(each, "id"), received(each, now), text_at(each, "name"), resource_of(each),
                        text_at(each, "state")});
    write_columns(out,
                  {{"ID"},
                   {"RECEIVED"},
                   {"NAME", column::side::left, 33},
                   {"RESOURCE", column::side::left, 48},
                   {"STATE"}},
                  rows);
    if (is_whole && events.size() >= limit)
        out << "older ones: --before " << printable(rows.back().front()) << '\n';
}

} // namespace

list_options with_fixed_since(list_options options, wall_time now) {
    if (const auto since = admin::parse_since(options.since, now); since && !parse_timestamp(options.since))
        options.since = to_rfc3339(*since);
    return options;
}

std::string query_of(const list_options& options) {
    const std::pair<const char*, const std::string&> parameters[]{
        {"limit", options.limit},      {"before", options.before},   {"since", options.since},
        {"state", options.state},      {"handler", options.handler}, {"name", options.name},
        {"resource", options.resource}};
    std::string query;
    for (const auto& [name, value] : parameters) {
        if (!value.empty())
            query += (query.empty() ? "" : "&") + std::string{name} + '=' + percent_encode(value);
    }
    return query;
}

int list_events(const std::string& config_path, const list_options& options, const streams& to) {
    const std::string query = query_of(options);
    const auto checked = admin::parse_event_query(query, wall_now());
    if (const auto* const problem = std::get_if<admin::bad_parameter>(&checked))
        return refuse_usage(problem->message, to);
    const std::size_t limit = std::get<store::event_filter>(checked).limit;
    return ask_for_list(
        {config_path, query.empty() ? "/api/events" : "/api/events?" + query, options.is_json}, to,
        [&](const json::value& answer, bool is_whole) {
            show_event_list(answer, limit, is_whole, to.out);
            if (is_whole && answer.get_array().empty())
                explain_unknown_handler(config_path, options.handler, to);
        });
}

int show_event(const std::string& config_path, const std::string& id, bool is_json, const streams& to) {
    if (!parse_event_id(id))
        return refuse_usage("'" + id + "' is no event's id; `outreachd events list` shows them", to);
    return ask_daemon({config_path, "/api/events/" + id, is_json}, to,
                      [&](const json::value& answer) { write_event_story(answer, wall_now(), to.out); });
}

int replay_events(const std::string& config_path, const std::string& id, const list_options& narrowed,
                  const streams& to) {
    if (id.empty() && narrowed.since.empty())
        return refuse_usage("which events? Give an ID, or --since and a time such as 2h", to);
    if (!id.empty() && !parse_event_id(id))
        return refuse_usage("'" + id + "' is no event's id; `outreachd events list` shows them", to);
    const bool is_one = !id.empty();
    if (is_one && !(narrowed.since + narrowed.name + narrowed.resource + narrowed.cursor).empty())
        return refuse_usage("an ID is one event; --since, --name, --resource and --cursor are for many", to);
    std::string query = query_of(with_fixed_since(narrowed, wall_now()));
    const auto checked = admin::parse_event_query(query, wall_now());
    if (const auto* const problem = std::get_if<admin::bad_parameter>(&checked))
        return refuse_usage(problem->message, to);
    if (!query.empty())
        query.insert(0, "?");
    double events = 0;
    double deliveries = 0;
    const auto [code, cursor] = change_in_pieces(
        config_path, (is_one ? "/api/events/" + id + "/replay" : "/api/events/replay") + query, to,
        [&](const json::value& answer) {
            events += number_at(answer, "events");
            deliveries += number_at(answer, "deliveries");
            return "replayed " + counted(events, "event");
        },
        narrowed.cursor);
    if (code == exit_code::ok || deliveries > 0)
        to.out << "replayed " << counted(events, "event") << ": "
               << counted(deliveries, "new delivery", "new deliveries") << '\n';
    if (code == exit_code::ok && deliveries == 0)
        explain_unknown_handler(config_path, narrowed.handler, to);
    // From the beginning on it would deliver what it has replayed once more.
    if (!cursor.empty() && cursor != narrowed.cursor)
        to.err << "outreachd: it isn't done; the same with --cursor " << printable(cursor)
               << " goes on behind what is\n";
    return code;
}

} // namespace outreachd::command_line
