/// Turns every way of not getting an answer into one sentence and an exit code.
#include "daemon/command_line/ask_daemon.hpp"

#include "daemon/admin/client.hpp"
#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"

#include <boost/json/parse.hpp>

#include <ostream>

namespace outreachd::command_line {

namespace {

/// The server's own words where it has any.
std::string refusal(const admin::client_answer& answer, const std::string& place) {
    boost::system::error_code ec;
    std::string said = text_at(boost::json::parse(answer.body, ec), "error");
    if (answer.status == 404 && !said.empty())
        return said;
    std::string text = "outreachd at " + place + " answered " + std::to_string(answer.status);
    if (!said.empty())
        text += ": " + said;
    if (answer.status == 401)
        text += "; the running daemon has another admin.token than the configuration file";
    return text;
}

} // namespace

int ask_daemon(const question& what, const streams& to,
               const std::function<void(const boost::json::value& answer)>& show) {
    const auto complain = [&](const std::string& why, int code) {
        to.err << printable(why) << '\n';
        return code;
    };
    const auto configured = load_for_command(what.config_path, settings::scope::admin_api, to.err);
    if (!configured)
        return exit_code::configuration;
    if (!configured->errors.empty()) { // The token can't be read, and without it the daemon would refuse.
        write_problems(configured->errors, what.config_path, to.err);
        return exit_code::configuration;
    }
    const admin::client daemon{configured->settings.admin};
    const auto outcome = daemon.get(what.target);
    if (const auto* const failure = std::get_if<admin::client_failure>(&outcome))
        return complain(failure->message, exit_code::unavailable);
    const auto& answer = std::get<admin::client_answer>(outcome);
    if (answer.status != 200)
        return complain(refusal(answer, daemon.place()), exit_code::failed);
    if (what.is_json) {
        to.out << answer.body << (answer.body.ends_with('\n') ? "" : "\n");
        return exit_code::ok;
    }
    boost::system::error_code ec;
    const boost::json::value parsed = boost::json::parse(answer.body, ec);
    if (ec)
        return complain("what answers at " + daemon.place() + " is no outreachd: " + ec.message(),
                        exit_code::failed);
    show(parsed);
    return exit_code::ok;
}

} // namespace outreachd::command_line
