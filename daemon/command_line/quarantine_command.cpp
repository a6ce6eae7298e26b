/// Asks for what is in quarantine, and has it checked again or thrown away.
#include "daemon/command_line/quarantine_command.hpp"

#include "daemon/admin/client.hpp"
#include "daemon/admin/event_query.hpp"
#include "daemon/command_line/ask_daemon.hpp"
#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/spoken_time.hpp"
#include "daemon/text/percent_encode.hpp"

#include <algorithm>
#include <ostream>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

bool is_number(const std::string& text) {
    return !text.empty() && text.size() < 19 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int refuse_id(const std::string& given, const streams& to) {
    to.err << "outreachd: '" << printable(given)
           << "' is no quarantined request's id, which is a number; `outreachd quarantine list` shows them\n";
    return exit_code::usage;
}

void show_quarantine_list(const json::value& answer, std::size_t limit, std::ostream& out) {
    const json::array& requests = answer.get_array();
    if (requests.empty()) {
        out << "nothing is in quarantine\n";
        return;
    }
    const wall_time now = wall_now();
    std::vector<std::vector<std::string>> rows;
    for (const json::value& each : requests) {
        const auto time = parse_timestamp(text_at(each, "received_at"));
        rows.push_back({text_at(each, "id"), time ? spoken_relative(*time, now) : "",
                        text_at(each, "endpoint"), text_at(each, "peer"), text_at(each, "size"),
                        text_at(each, "reason")});
    }
    write_columns(out,
                  {{"ID", column::side::right},
                   {"RECEIVED"},
                   {"ENDPOINT", column::side::left, 40},
                   {"FROM", column::side::left, 39},
                   {"BYTES", column::side::right},
                   {"REASON", column::side::left, 60}},
                  rows);
    if (requests.size() >= limit)
        out << "older ones: --before " << printable(rows.back().front()) << '\n';
}

void show_quarantined(const json::value& answer, std::ostream& out) {
    const auto line = [&](const char* title, const std::string& text) {
        if (!text.empty())
            out << "  " << title << printable(text) << '\n';
    };
    out << "request " << printable(text_at(answer, "id")) << "  not proved genuine\n";
    line("received   ", text_at(answer, "received_at"));
    line("endpoint   ", text_at(answer, "endpoint"));
    line("from       ", text_at(answer, "peer"));
    line("reason     ", text_at(answer, "reason"));
    line("type       ", text_at(answer, "content_type"));
    line("Outreach's event id  ", text_at(answer, "outreach_event_id"));
    for (const json::value& each : list_at(answer, "headers"))
        line("header     ", text_at(each, "name") + ": " + text_at(each, "value"));
    out << '\n' << shortened(printable(text_at(answer, "body")), 2000) << '\n';
}

} // namespace

int list_quarantine(const std::string& config_path, const quarantine_options& options, const streams& to) {
    if (!options.before.empty() && !is_number(options.before))
        return refuse_id(options.before, to);
    std::string query;
    for (const auto& [name, value] : {std::pair{"limit", options.limit}, std::pair{"before", options.before}})
        if (!value.empty())
            query += (query.empty() ? "" : "&") + std::string{name} + "=" + percent_encode(value);
    static constexpr std::string_view known[] = {"limit", "before"};
    const auto checked = admin::parse_list_query(query, known, wall_now());
    if (const auto* const problem = std::get_if<admin::bad_parameter>(&checked)) {
        to.err << "outreachd: " << printable(problem->message) << '\n';
        return exit_code::usage;
    }
    const std::size_t limit = std::get<admin::list_query>(checked).limit.value_or(admin::limit_default);
    return ask_for_list(
        {config_path, query.empty() ? "/api/quarantine" : "/api/quarantine?" + query, options.is_json}, to,
        [&](const json::value& answer, bool) { show_quarantine_list(answer, limit, to.out); });
}

int show_quarantined(const std::string& config_path, const std::string& id, bool is_json, const streams& to) {
    if (!is_number(id))
        return refuse_id(id, to);
    return ask_daemon({config_path, "/api/quarantine/" + id, is_json}, to,
                      [&](const json::value& answer) { show_quarantined(answer, to.out); });
}

int recheck_quarantine(const std::string& config_path, const streams& to) {
    return ask_daemon({config_path, "/api/quarantine/recheck", false, question::method::post}, to,
                      [&](const json::value& answer) {
                          to.out << counted(number_at(answer, "recovered"), "request is an event now",
                                            "requests are events now")
                                 << "; " << counted(number_at(answer, "quarantined"), "is left", "are left")
                                 << '\n';
                          if (!fact_at(answer, "finished"))
                              to.out << "the check still goes on\n";
                      });
}

int discard_quarantined(const std::string& config_path, const std::string& id, const streams& to) {
    if (!is_number(id))
        return refuse_id(id, to);
    return ask_daemon({config_path, "/api/quarantine/" + id + "/discard", false, question::method::post}, to,
                      [&](const json::value&) { to.out << "discarded request " << id << '\n'; });
}

} // namespace outreachd::command_line
