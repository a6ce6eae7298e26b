#include "daemon/command_line/outreach_session.hpp"

#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/printable.hpp"

#include <cassert>
#include <chrono>
#include <ostream>
#include <stdexcept>

namespace outreachd::command_line {

namespace {

using handlers::outreach::api_answer;
using handlers::outreach::api_request;

constexpr std::chrono::seconds request_timeout{60};
/// For another process that renews the tokens just now.
constexpr std::chrono::seconds lock_timeout{1};
/// A shorter wait isn't worth a word.
constexpr std::chrono::seconds silent_wait_max{1};

steady_time request_deadline() {
    return std::chrono::steady_clock::now() + request_timeout;
}

} // namespace

outreach_session::outreach_session(settings::settings loaded, const streams& to)
    : settings_(std::move(loaded)), to_(to),
      access_(std::make_unique<handlers::outreach::access>(configured(), settings_.store.directory)),
      client_(std::make_unique<handlers::outreach::client>(
          *access_, handlers::outreach::caller::operator_command,
          handlers::outreach::client_hooks{
              .wait = [this](const api_answer& said) { return wait_for(said); }})) {}

outreach_session::opening outreach_session::open(const std::string& config_path, const streams& to,
                                                 settings::scope part) {
    auto loaded = load_for_command(config_path, part, to.err);
    if (!loaded)
        return {nullptr, exit_code::configuration};
    // Whatever can't be read is needed: a webhook would be told to sign with nothing.
    write_missing_secrets(loaded->errors, config_path, to.err);
    if (!loaded->errors.empty())
        return {nullptr, exit_code::configuration};
    assert(loaded->settings.outreach); // The loader requires it.
    try {
        std::unique_ptr<outreach_session> made{new outreach_session{std::move(loaded->settings), to}};
        if (const std::string problem = made->find_token_problem(); !problem.empty()) {
            to.err << "outreachd: " << printable(problem) << '\n';
            return {nullptr, exit_code::unavailable};
        }
        return {std::move(made), exit_code::ok};
    } catch (const std::runtime_error& problem) {
        to.err << config_path << ": " << printable(problem.what()) << '\n';
        return {nullptr, exit_code::configuration};
    }
}

std::string outreach_session::find_token_problem() {
    // Only OAuth's tokens have to be written down before they are used.
    if (!std::holds_alternative<settings::oauth_access>(configured().auth))
        return {};
    store::token_file& file = access_->file();
    const auto locking = file.lock(std::chrono::steady_clock::now() + lock_timeout);
    std::string problem = locking.problem;
    if (problem.empty() && locking.held) {
        store::token_reading reading = file.read();
        if (!reading.is_damaged)
            problem = std::move(reading.problem);
    }
    return problem.empty() ? problem
                           : problem + "; run this as the daemon's user (sudo -u outreachd outreachd ...)";
}

api_answer outreach_session::send(const api_request& request) {
    for (;;) {
        api_answer said = send_once(request);
        if (said.what != api_answer::kind::later || !wait_for(said))
            return said;
    }
}

api_answer outreach_session::send_once(const api_request& request) {
    return client_->send(request, request_deadline());
}

std::optional<api_answer> outreach_session::next(handlers::outreach::page_walk& pages) {
    for (;;) {
        auto page = pages.next(request_deadline());
        if (!page || page->what != api_answer::kind::later || !wait_for(*page))
            return page;
    }
}

bool outreach_session::wait_for(const api_answer& said) const {
    // By the wall clock, which is the one that Outreach's times are of; at least a moment, so that nothing
    // spins.
    const auto wait =
        std::max<wall_time::duration>(said.until - access_->now(), std::chrono::milliseconds{100});
    if (wait > silent_wait_max && !interrupt_watch::is_interrupted())
        to_.err << "outreachd: " << printable(said.problem) << "; waiting for it (Ctrl-C ends this)\n"
                << std::flush;
    return interrupt_watch::sleep_until(std::chrono::steady_clock::now() + wait);
}

int outreach_session::exit_code_of(api_answer::kind failed_as) noexcept {
    using enum api_answer::kind;
    switch (failed_as) {
    case needs_login:
    case unreachable:
    case later:
        return exit_code::unavailable;
    case refused:
        return exit_code::usage;
    case answered:
    case lost:
        break;
    }
    return exit_code::failed;
}

int outreach_session::report(const api_answer& failed) const {
    const bool is_interrupted = interrupt_watch::is_interrupted();
    if (!is_interrupted || failed.what != api_answer::kind::later) // not the wait that was ended
        to_.err << "outreachd: " << printable(failed.problem) << '\n';
    if (is_interrupted) {
        to_.err << "outreachd: interrupted\n";
        return exit_code::interrupted;
    }
    return exit_code_of(failed.what);
}

std::string outreach_session::token_path() const {
    return access_->file().directory() + "/outreach-tokens.json";
}

} // namespace outreachd::command_line
