/// Asks for dead deliveries, shows them, and has them replayed or discarded.
#include "daemon/command_line/dead_command.hpp"

#include "daemon/admin/event_query.hpp"
#include "daemon/command_line/ask_daemon.hpp"
#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/spoken_time.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/event/event_id.hpp"

#include <ostream>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

std::string no_id(const std::string& given) {
    return "'" + given + "' is no delivery's id; `outreachd dead list` shows them";
}

std::string since(const json::value& from, std::string_view key, wall_time now) {
    const std::string text = text_at(from, key);
    const auto time = parse_timestamp(text);
    return time ? spoken_relative(*time, now) : text;
}

void show_dead_list(const json::value& answer, std::size_t limit, bool is_whole, std::ostream& out) {
    const json::array& dead = answer.get_array();
    if (dead.empty()) {
        out << (is_whole ? "nothing is dead\n" : "nothing found so far\n");
        return;
    }
    const wall_time now = wall_now();
    std::vector<std::vector<std::string>> rows;
    for (const json::value& each : dead)
        rows.push_back({text_at(each, "id"), since(each, "died_at", now), handler_of(each),
                        text_at(each, "name"), resource_of(each), text_at(each, "attempts"),
                        text_at(each, "reason")});
    write_columns(out,
                  {{"DELIVERY"},
                   {"DIED"},
                   {"HANDLER", column::side::left, 24},
                   {"NAME", column::side::left, 33},
                   {"RESOURCE", column::side::left, 48},
                   {"ATTEMPTS", column::side::right},
                   {"REASON", column::side::left, 80}},
                  rows);
    if (is_whole && dead.size() >= limit)
        out << "older ones: --before " << printable(rows.back().front()) << '\n';
}

void show_dead(const json::value& answer, std::ostream& out) {
    const auto line = [&](const char* title, const std::string& text) {
        if (!text.empty())
            out << "  " << title << printable(text) << '\n';
    };
    const json::value event = json::value(object_at(answer, "event"));
    out << printable(handler_of(answer)) << "  dead\n";
    line("delivery   ", text_at(answer, "id"));
    line("event      ", text_at(answer, "event_id"));
    line("name       ", text_at(answer, "name"));
    line("resource   ", resource_of(answer));
    line("received   ", text_at(event, "received_at"));
    line("died       ", text_at(answer, "died_at"));
    line("attempts   ", text_at(answer, "attempts"));
    line("reason     ", text_at(answer, "reason"));
    const json::array& attempts = list_at(answer, "attempts_made");
    if (!attempts.empty())
        out << '\n';
    if (const double left_out = number_at(answer, "attempts_left_out"); left_out > 0)
        out << "  " << counted(left_out, "older attempt is", "older attempts are") << " left out\n";
    for (const json::value& each : attempts) {
        const std::chrono::duration<double> took{number_at(each, "took_seconds")};
        const std::string reason = text_at(each, "reason");
        out << "  " << printable(text_at(each, "started_at")) << "  #" << text_at(each, "number") << "  "
            << printable(text_at(each, "outcome")) << ", took "
            << spoken_short(std::chrono::duration_cast<std::chrono::microseconds>(took))
            << (reason.empty() ? "" : ": " + printable(reason)) << '\n';
    }
    if (const std::string last = text_at(answer, "last_answer"); !last.empty())
        out << "\nlast answer:\n" << printable_lines(last, "  ");
}

/// What is asked to be changed, as a path of the API; nothing where it isn't clear, which is said.
std::optional<std::string> path_of(const dead_selection& what, const char* change, const streams& to) {
    std::string query = query_of(with_fixed_since(what.narrowed, wall_now()));
    const bool is_many = what.is_all || !query.empty();
    if (what.id.empty() && !is_many) {
        refuse_usage("which ones? Give an ID, or --handler, --name, --resource or --since, or --all", to);
        return std::nullopt;
    }
    if (!what.id.empty() && is_many) {
        refuse_usage("an ID is one delivery; --all and what narrows are for many", to);
        return std::nullopt;
    }
    if (!what.id.empty() && !parse_event_id(what.id)) {
        refuse_usage(no_id(what.id), to);
        return std::nullopt;
    }
    const auto checked = admin::parse_dead_query(query, wall_now());
    if (const auto* const problem = std::get_if<admin::bad_parameter>(&checked)) {
        refuse_usage(problem->message, to);
        return std::nullopt;
    }
    if (!what.id.empty())
        return "/api/dead/" + what.id + "/" + change;
    return std::string{"/api/dead/"} + change + (query.empty() ? "" : "?" + query);
}

int change(const std::string& config_path, const dead_selection& what, const char* verb, const char* done,
           const streams& to) {
    const auto path = path_of(what, verb, to);
    if (!path)
        return exit_code::usage;
    double count = 0;
    const auto add = [&](const json::value& answer) {
        count += number_at(answer, done);
        return done + (' ' + counted(count, "delivery", "deliveries"));
    };
    const int code = change_in_pieces(config_path, *path, to, add).exit_code;
    if (code == exit_code::ok || count > 0)
        to.out << done << ' ' << counted(count, "delivery", "deliveries") << '\n';
    if (code == exit_code::ok && count == 0)
        explain_unknown_handler(config_path, what.narrowed.handler, to);
    return code;
}

} // namespace

int list_dead(const std::string& config_path, const list_options& options, const streams& to) {
    const std::string query = query_of(options);
    const auto checked = admin::parse_dead_query(query, wall_now());
    if (const auto* const problem = std::get_if<admin::bad_parameter>(&checked))
        return refuse_usage(problem->message, to);
    const std::size_t limit = std::get<store::dead_filter>(checked).limit;
    return ask_for_list({config_path, query.empty() ? "/api/dead" : "/api/dead?" + query, options.is_json},
                        to, [&](const json::value& answer, bool is_whole) {
                            show_dead_list(answer, limit, is_whole, to.out);
                            if (is_whole && answer.get_array().empty())
                                explain_unknown_handler(config_path, options.handler, to);
                        });
}

int show_dead(const std::string& config_path, const std::string& id, bool is_json, const streams& to) {
    if (!parse_event_id(id))
        return refuse_usage(no_id(id), to);
    return ask_daemon({config_path, "/api/dead/" + id, is_json}, to,
                      [&](const json::value& answer) { show_dead(answer, to.out); });
}

int replay_dead(const std::string& config_path, const dead_selection& what, const streams& to) {
    return change(config_path, what, what.is_from_start ? "replay-from-start" : "replay", "replayed", to);
}

int discard_dead(const std::string& config_path, const dead_selection& what, const streams& to) {
    return change(config_path, what, "discard", "discarded", to);
}

} // namespace outreachd::command_line
