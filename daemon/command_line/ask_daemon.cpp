/// Turns every way of not getting an answer into one sentence and an exit code.
#include "daemon/command_line/ask_daemon.hpp"

#include "daemon/admin/client.hpp"
#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/interrupt.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/text/percent_encode.hpp"

#include <boost/json/parse.hpp>

#include <optional>
#include <ostream>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace outreachd::command_line {

namespace {

/// The server's own words where it has any.
std::string refusal(const admin::client_answer& answer, const std::string& place) {
    boost::system::error_code ec;
    std::string said = text_at(boost::json::parse(answer.body, ec), "error");
    if ((answer.status == 404 || answer.status == 409) && !said.empty())
        return said;
    std::string text = "outreachd at " + place + " answered " + std::to_string(answer.status);
    if (!said.empty())
        text += ": " + said;
    if (answer.status == 401)
        text += "; the running daemon has another admin.token than the configuration file";
    return text;
}

/// A daemon to be asked, or why there is none.
struct reachable {
    std::optional<admin::client> daemon;
    int code = exit_code::ok;
};

reachable reach(const std::string& config_path, const streams& to) {
    const auto configured = load_for_command(config_path, settings::scope::admin_api, to.err);
    if (!configured)
        return {std::nullopt, exit_code::configuration};
    if (!configured->errors.empty()) { // The token can't be read, and without it the daemon would refuse.
        write_missing_secrets(configured->errors, config_path, to.err);
        return {std::nullopt, exit_code::configuration};
    }
    return {admin::client{configured->settings.admin}, exit_code::ok};
}

/// Why it can't be the daemon's answer; empty where it can.
std::string refuse_shape(const boost::json::value& answer, const question& what) {
    if (what.is_for_list)
        return answer.is_array() ? "" : "its answer is no list";
    if (!answer.is_object() || answer.get_object().empty())
        return "its answer says nothing";
    if (!what.always_has.empty() && !answer.get_object().contains(what.always_has))
        return "its answer has no '" + std::string{what.always_has} + "'";
    return {};
}

void write_search_end(const admin::search_end& last, std::ostream& out) {
    out << "the search was ended, as it took too long: what came before " << printable(last.received_at)
        << " was not looked at; older ones: --before " << printable(last.id) << '\n';
}

int ask(const admin::client& daemon, const question& what, const streams& to,
        const std::function<void(const boost::json::value& answer, bool is_whole)>& show) {
    const auto complain = [&](const std::string& why, int code) {
        to.err << printable(why) << '\n';
        return code;
    };
    const auto outcome =
        what.how == question::method::get ? daemon.get(what.target) : daemon.post(what.target);
    if (const auto* const failure = std::get_if<admin::client_failure>(&outcome))
        return complain(failure->message, exit_code::unavailable);
    const auto& answer = std::get<admin::client_answer>(outcome);
    if (answer.status != 200)
        return complain(refusal(answer, daemon.place()), exit_code::failed);
    boost::system::error_code ec;
    const boost::json::value parsed = boost::json::parse(answer.body, ec);
    if (const std::string why = ec ? ec.message() : refuse_shape(parsed, what); !why.empty())
        return complain("what answers at " + daemon.place() + " is no outreachd: " + why, exit_code::failed);
    if (what.is_json) {
        to.out << answer.body << (answer.body.ends_with('\n') ? "" : "\n");
        if (answer.ended_early)
            write_search_end(*answer.ended_early, to.err);
        return exit_code::ok;
    }
    show(parsed, !answer.ended_early);
    if (answer.ended_early)
        write_search_end(*answer.ended_early, to.out);
    return exit_code::ok;
}

int reach_and_ask(const question& what, const streams& to,
                  const std::function<void(const boost::json::value& answer, bool is_whole)>& show) {
    const reachable found = reach(what.config_path, to);
    return found.daemon ? ask(*found.daemon, what, to, show) : found.code;
}

} // namespace

int ask_daemon(const question& what, const streams& to,
               const std::function<void(const boost::json::value& answer)>& show) {
    return reach_and_ask(what, to, [&](const boost::json::value& answer, bool) { show(answer); });
}

int ask_for_list(question what, const streams& to,
                 const std::function<void(const boost::json::value& answer, bool is_whole)>& show) {
    what.is_for_list = true;
    return reach_and_ask(what, to, show);
}

pieces_end change_in_pieces(const std::string& config_path, const std::string& target, const streams& to,
                            const std::function<std::string(const boost::json::value& answer)>& add,
                            std::string cursor) {
    const reachable found = reach(config_path, to);
    if (!found.daemon)
        return {found.code};
    const auto show_progress = [&](const std::string& text) {
        if (to.is_terminal)
            to.err << text << "\x1b[K\r" << std::flush; // what comes next takes its place
    };
    const interrupt_watch signals;
    int code = exit_code::ok;
    do {
        question piece{config_path, target, false, question::method::post, false, "cursor"};
        if (!cursor.empty())
            piece.target +=
                (target.find('?') == std::string::npos ? "?cursor=" : "&cursor=") + percent_encode(cursor);
        std::string progress;
        code = ask(*found.daemon, piece, to, [&](const boost::json::value& answer, bool) {
            cursor = text_at(answer, "cursor");
            progress = add(answer);
        });
        show_progress(code == exit_code::ok && !cursor.empty() ? progress + " so far" : "");
    } while (code == exit_code::ok && !cursor.empty() && !interrupt_watch::is_interrupted());
    if (code == exit_code::ok && !cursor.empty()) {
        to.err << "outreachd: interrupted\n";
        code = exit_code::interrupted;
    }
    return {code, std::move(cursor)};
}

void explain_unknown_handler(const std::string& config_path, const std::string& handler, const streams& to) {
    if (handler.empty())
        return;
    std::ostringstream unseen; // why it can't be asked was said before
    ask_daemon({config_path, "/api/status"}, {unseen, unseen}, [&](const boost::json::value& status) {
        const boost::json::object& handlers = object_at(status, "handlers");
        if (handlers.empty() || handlers.contains(handler))
            return;
        std::vector<std::string_view> known;
        for (const auto& each : handlers)
            if (const std::string_view name = each.key(); !name.empty()) // what no handler got is nobody's
                known.push_back(name);
        to.err << printable("outreachd: no handler '" + handler + "' is known" +
                            settings::suggestion(handler, known))
               << '\n';
    });
}

} // namespace outreachd::command_line
