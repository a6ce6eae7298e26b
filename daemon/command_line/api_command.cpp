/// Sends the request and writes down what comes, as it came.
#include "daemon/command_line/api_command.hpp"

#include "daemon/command_line/api_request_words.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/outreach_session.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/expression/engine.hpp"
#include "handlers/json_compact.hpp"

#include <boost/json/parse.hpp>

#include <optional>
#include <ostream>

namespace outreachd::command_line {

namespace {

using handlers::outreach::api_answer;

/// Writes answers, or what a jq program makes of them.
class answer_writer {
public:
    answer_writer(const api_options& options, const streams& to) : options_(options), to_(to) {
        if (!options.program.empty())
            programs_.emplace(1);
    }

    /// Why the program can't be used. Empty: it can, or there is none.
    std::string find_problem() {
        return programs_ ? programs_->refuse(options_.program).value_or("") : std::string{};
    }

    /// One JSON value on lines of its own; false where the program failed on it, which has been said.
    bool write(std::string_view text) {
        if (programs_)
            return write_results(text);
        to_.out << text;
        if (!text.empty() && text.back() != '\n')
            to_.out << '\n';
        return true;
    }

private:
    bool write_results(std::string_view text) {
        const expression::answer made =
            programs_->run({&options_.program, 1}, expression::view{.body = text}).front();
        for (const std::string& each : made.results) {
            const auto value = options_.is_raw ? boost::json::parse(each, ec_) : boost::json::value{};
            if (const auto* string = value.if_string())
                to_.out << std::string_view{*string} << '\n';
            else
                to_.out << each << '\n';
        }
        if (made.problem.empty())
            return true;
        to_.err << "outreachd: --jq: " << printable(made.problem) << '\n';
        return false;
    }

    const api_options& options_;
    const streams& to_;
    std::optional<expression::engine> programs_;
    boost::system::error_code ec_;
};

int write_pages(outreach_session& session, const handlers::outreach::api_request& first,
                answer_writer& writer, const streams& to) {
    handlers::outreach::page_walk pages{session.client(), first};
    while (const auto page = session.next(pages)) {
        if (!page->is_success()) {
            const int code = session.report(*page);
            // A list that has no end isn't typed wrong.
            return code == exit_code::usage && pages.pages_read() > 0 ? exit_code::failed : code;
        }
        for (const std::string_view each : handlers::outreach::resource_texts(page->body))
            if (!writer.write(handlers::json_compact(each).value_or(std::string{each})))
                return exit_code::failed;
        to.out << std::flush;
        if (!to.out || interrupt_watch::is_interrupted())
            break;
    }
    if (interrupt_watch::is_interrupted())
        return exit_code::interrupted;
    return to.out ? exit_code::ok : exit_code::failed;
}

} // namespace

int call_api(const std::string& config_path, const api_options& options, const streams& to) {
    const understood_request asked = understand(options, to.in);
    if (!asked.problem.empty())
        return refuse_input(asked.problem, asked.is_unreadable, to);
    answer_writer writer{options, to};
    if (const std::string problem = writer.find_problem(); !problem.empty())
        return refuse_usage("--jq: " + problem, to);
    const auto [session, code] = outreach_session::open(config_path, to);
    if (!session)
        return code;
    if (options.is_paginated)
        return write_pages(*session, asked.request, writer, to);
    const api_answer said = session->send(asked.request);
    if (!said.is_success())
        return session->report(said);
    if (!said.body.empty() && !writer.write(said.body))
        return exit_code::failed;
    to.out << std::flush;
    return to.out ? exit_code::ok : exit_code::failed;
}

} // namespace outreachd::command_line
