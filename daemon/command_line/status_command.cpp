/// One line on the whole, the counts, and a row for each handler.
#include "daemon/command_line/status_command.hpp"

#include "daemon/command_line/ask_daemon.hpp"
#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/outreach_status_text.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_time.hpp"

#include <ostream>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

constexpr std::size_t handler_width_max = 32;
constexpr std::size_t error_width_max = 400;

std::string spoken_seconds(const json::value& from, std::string_view key) {
    return spoken(std::chrono::seconds{static_cast<std::int64_t>(number_at(from, key))});
}

std::string joined(const json::array& words) {
    std::string text;
    for (const json::value& each : words) {
        if (each.is_string())
            text += (text.empty() ? "" : ", ") + printable(each.get_string());
    }
    return text;
}

/// Dead events that never got as far as a handler, such as unreadable ones, are nobody's.
std::string title_of(std::string_view handler) {
    return handler.empty() ? "(no handler)" : std::string{handler};
}

std::string link_line(const json::value& broker, std::string_view link, const std::string& figures) {
    const json::value* const found = broker.as_object().if_contains(link);
    if (found == nullptr)
        return {};
    const std::string node =
        fact_at(*found, "connected") ? "to " + printable(text_at(*found, "node")) : "NOT CONNECTED";
    return "  " + std::string{link} + std::string(13 - link.size(), ' ') + node + figures + '\n';
}

/// The links to a broker; nothing with the embedded queue.
std::string broker_lines(const json::value& answer) {
    const json::value* const broker =
        answer.is_object() ? answer.get_object().if_contains("broker") : nullptr;
    if (broker == nullptr || !broker->is_object())
        return {};
    const auto figure = [&](std::string_view link, std::string_view key) {
        const json::value* const found = broker->get_object().if_contains(link);
        return found == nullptr ? std::string{} : text_at(*found, key);
    };
    std::string queues;
    if (const json::value* const intake = broker->get_object().if_contains("intake"))
        for (const json::value& each : list_at(*intake, "work_queues"))
            queues += (queues.empty() ? "" : " ") + std::to_string(each.to_number<std::uint64_t>());
    return link_line(*broker, "relay", ", " + figure("relay", "published") + " published") +
           link_line(*broker, "intake",
                     ", " + figure("intake", "taken") + " taken in, work queues " +
                         (queues.empty() ? "none" : queues));
}

void show_status(const json::value& answer, std::ostream& out) {
    out << "outreachd " << printable(text_at(answer, "version")) << ", up "
        << spoken_seconds(answer, "uptime_seconds") << ", "
        << (fact_at(answer, "ready") ? "ready" : "NOT READY") << '\n';
    for (const json::value& reason : list_at(answer, "reasons"))
        out << "  because      " << (reason.is_string() ? printable(reason.get_string()) : std::string{})
            << '\n';
    out << "  roles        " << joined(list_at(answer, "roles")) << '\n'
        << "  outbox       " << text_at(answer, "outbox") << '\n'
        << broker_lines(answer) << "  quarantined  " << text_at(answer, "quarantined") << '\n'
        << "  unrouted     " << text_at(answer, "unrouted") << '\n'
        << outreach_status_text(answer, wall_now());
    const json::object& handlers = object_at(answer, "handlers");
    if (handlers.empty())
        return;
    std::vector<std::vector<std::string>> rows;
    for (const auto& [name, handler] : handlers) {
        if (name.empty() && number_at(handler, "dead") == 0)
            continue;
        rows.push_back({title_of(name), text_at(handler, "pending"), text_at(handler, "running"),
                        text_at(handler, "retry"), text_at(handler, "dead"),
                        text_at(handler, "oldest_pending_seconds").empty()
                            ? std::string{}
                            : spoken_seconds(handler, "oldest_pending_seconds")});
    }
    const auto right = column::side::right;
    out << '\n';
    write_columns(out,
                  {{"HANDLER", column::side::left, handler_width_max},
                   {"PENDING", right},
                   {"RUNNING", right},
                   {"RETRY", right},
                   {"DEAD", right},
                   {"OLDEST", right}},
                  rows);
    // Below the table rather than in it: what matters in an error is often its end.
    for (const auto& [name, handler] : handlers) {
        if (const std::string error = text_at(handler, "last_error"); !error.empty())
            out << "\nlast error of " << printable(title_of(name)) << ":\n  "
                << shortened(printable(error), error_width_max) << '\n';
    }
}

} // namespace

int status(const std::string& config_path, bool is_json, const streams& to) {
    return ask_daemon(
        {.config_path = config_path, .target = "/api/status", .is_json = is_json, .always_has = "version"},
        to, [&](const json::value& answer) { show_status(answer, to.out); });
}

} // namespace outreachd::command_line
