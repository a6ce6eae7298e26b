/// Sends the user off with a URL, waits for him to come back, and keeps what Outreach gives for it.
#include "daemon/command_line/login_command.hpp"

#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/open_browser.hpp"
#include "daemon/command_line/outreach_session.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/redirect_listener.hpp"
#include "daemon/command_line/spoken_time.hpp"
#include "daemon/command_line/typed_text.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/url.hpp"
#include "handlers/outreach/code_flow.hpp"
#include "handlers/outreach/oauth_grant.hpp"
#include "handlers/outreach/oauth_tokens.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <vector>

namespace outreachd::command_line {

namespace {

using namespace handlers::outreach;

constexpr std::chrono::seconds exchange_timeout{20};
constexpr std::chrono::seconds save_timeout{20};
/// Outreach gives one grant a minute; what takes longer than two outlives the code.
constexpr std::chrono::seconds exchange_wait_max{120};
constexpr std::chrono::seconds exchange_wait_default{61};
constexpr int exchanges_max = 3;

constexpr const char* page_done =
    "outreachd has what it needs. You can close this page; the terminal says more.";
constexpr const char* page_refused =
    "The login was refused. You can close this page; the terminal says more.";
constexpr const char* page_stranger = "This isn't the login that outreachd waits for.";

/// Where the browser comes back to.
struct way_back {
    std::unique_ptr<redirect_listener> listener; ///< Null: the user brings the URL.
    std::string redirect_uri;
    std::string path; ///< Of `redirect_uri`.
    std::string problem;
};

way_back find_way_back(const settings::oauth_access& access) {
    way_back way;
    way.redirect_uri = access.redirect_uri;
    const auto configured = parse_url(access.redirect_uri);
    const bool is_ours = configured && !configured->is_tls && settings::is_loopback_host(configured->host);
    if (!access.redirect_uri.empty() && !is_ours)
        return way;
    auto [listener, problem] = is_ours ? redirect_listener::open(to_lower(configured->host), configured->port)
                                       : redirect_listener::open("127.0.0.1", 0);
    way.listener = std::move(listener);
    if (!problem.empty()) {
        way.problem = std::move(problem);
    } else if (is_ours) {
        way.path = configured->target.substr(0, configured->target.find('?'));
    } else {
        way.path = "/callback";
        way.redirect_uri = "http://127.0.0.1:" + std::to_string(way.listener->port()) + way.path;
    }
    return way;
}

/// Who came to the listener; nothing where it was nobody that counts, and has been answered.
std::optional<finished_login> judge_visit(const begun_login& login, const way_back& way,
                                          const std::string& target) {
    if (target.substr(0, target.find('?')) != way.path) {
        way.listener->answer(404, "There is nothing here.");
        return std::nullopt;
    }
    finished_login visit = read_redirect(login, target);
    if (visit.is_stranger) {
        way.listener->answer(400, page_stranger);
        return std::nullopt;
    }
    way.listener->answer(visit.problem.empty() ? 200 : 400, visit.problem.empty() ? page_done : page_refused);
    return visit;
}

std::string time_is_over(std::chrono::milliseconds timeout) {
    return "the browser didn't come back within " + spoken(std::chrono::ceil<std::chrono::seconds>(timeout));
}

/// Waits for the browser, and where somebody sits there for a URL that is pasted.
finished_login wait_for_code(const begun_login& login, const way_back& way, const login_options& options,
                             const streams& to) {
    const auto deadline = std::chrono::steady_clock::now() + options.timeout;
    int typed = to.is_interactive ? to.in : -1;
    for (;;) {
        const auto came = way.listener->wait(deadline, typed);
        if (came.what == redirect_listener::arrival::kind::nothing)
            return {.problem = time_is_over(options.timeout)};
        if (came.what == redirect_listener::arrival::kind::request) {
            if (auto visit = judge_visit(login, way, came.target))
                return std::move(*visit);
            continue;
        }
        const auto line = read_line(typed, deadline);
        if (!line) {
            typed = -1;
            continue;
        }
        finished_login pasted = read_redirect(login, trimmed(*line, " \t\r"));
        if (!pasted.is_stranger)
            return pasted;
        if (!trimmed(*line).empty())
            to.err << "outreachd: " << printable(pasted.problem) << '\n' << std::flush;
    }
}

/// Where the browser ends at a page that isn't ours.
finished_login ask_for_code(const begun_login& login, const login_options& options, const streams& to) {
    const auto deadline = std::chrono::steady_clock::now() + options.timeout;
    for (;;) {
        to.err << "The URL that the browser ended at: " << std::flush;
        const auto line = read_line(to.in, deadline);
        if (!line && std::chrono::steady_clock::now() >= deadline)
            return {.problem = time_is_over(options.timeout)};
        if (!line)
            return {.problem = "no URL was given"};
        finished_login pasted = read_redirect(login, trimmed(*line, " \t\r"));
        if (!pasted.is_stranger)
            return pasted;
        to.err << "outreachd: " << printable(pasted.problem) << '\n';
    }
}

void explain(const begun_login& login, const way_back& way, const login_options& options, const streams& to) {
    const bool opens = way.listener && options.opens_browser && to.is_terminal && open_browser(login.url);
    to.err << (opens ? "A browser opens this URL; allow there what it asks for:\n\n"
                     : "Open this URL in a browser, and allow there what it asks for:\n\n")
           << std::flush;
    to.out << login.url << '\n' << std::flush;
    to.err << '\n';
    if (!way.listener)
        to.err << "Outreach then leads the browser to " << printable(way.redirect_uri)
               << ", which this machine doesn't serve. Whatever the page shows, copy its URL and paste it "
                  "here.\n";
    else if (to.is_interactive)
        to.err << "Is the browser on another machine, it ends at an error: then paste the URL of that page "
                  "here.\n";
    to.err << std::flush;
}

grant_reply exchange(outreach_session& session, const settings::oauth_access& access,
                     const code_exchange& exchanged, const streams& to) {
    for (int left = exchanges_max;; --left) {
        const auto now = std::chrono::steady_clock::now();
        grant_reply reply =
            exchange_code(session.access().transport(), access, exchanged, now + exchange_timeout);
        const auto wait = reply.wait.value_or(exchange_wait_default);
        if (reply.what != grant_reply::kind::later || left <= 1 || wait > exchange_wait_max)
            return reply;
        to.err << "outreachd: the token endpoint " << printable(reply.why) << "; asking again in "
               << spoken(std::chrono::ceil<std::chrono::seconds>(wait)) << '\n'
               << std::flush;
        if (!interrupt_watch::sleep_until(std::chrono::steady_clock::now() + wait))
            return reply;
    }
}

/// Says what was given, and what wasn't.
void report_grant(const grant& given, const settings::oauth_access& access, const std::string& kept_in,
                  const streams& to) {
    std::string scopes;
    for (const std::string& each : given.scopes)
        scopes += (scopes.empty() ? "" : " ") + each;
    to.out << "logged in\n"
           << "  scopes   " << (scopes.empty() ? "as asked for" : printable(scopes)) << '\n'
           << "  kept in  " << printable(kept_in) << '\n';
    for (const std::string& asked : access.scopes)
        if (!given.scopes.empty() &&
            std::find(given.scopes.begin(), given.scopes.end(), asked) == given.scopes.end())
            to.err << "outreachd: warning: the scope " << printable(asked)
                   << " was asked for and not granted\n";
    if (given.refresh_token.empty())
        to.err << "outreachd: warning: Outreach gave no refresh token, so this login ends in "
               << spoken(given.life) << '\n';
}

int refuse_configuration(const std::string& config_path, const std::string& why, const streams& to) {
    to.err << config_path << ": " << why << '\n';
    return exit_code::configuration;
}

/// Once the code was used, which is for one time: what became of it matters, whoever interrupts.
int fail_for_good(const std::string& why, const streams& to) {
    to.err << "outreachd: " << printable(why) << '\n';
    return interrupt_watch::is_interrupted() ? exit_code::interrupted : exit_code::failed;
}

int fail(const std::string& why, const streams& to) {
    if (interrupt_watch::is_interrupted()) {
        to.err << "outreachd: interrupted; nothing has changed\n";
        return exit_code::interrupted;
    }
    to.err << "outreachd: " << printable(why) << '\n';
    return exit_code::failed;
}

} // namespace

int log_in(const std::string& config_path, const login_options& options, const streams& to) {
    const auto [session, code] = outreach_session::open(config_path, to);
    if (!session)
        return code;
    const auto* const access = std::get_if<settings::oauth_access>(&session->configured().auth);
    if (access == nullptr)
        return refuse_configuration(config_path, "outreach.auth: only `type: oauth` has a login", to);
    if (access->scopes.empty())
        return refuse_configuration(
            config_path, "outreach.auth.scopes is missing: a login asks for what stands there", to);
    const way_back way = find_way_back(*access);
    if (!way.problem.empty())
        return fail(way.problem, to);

    const begun_login login = begin_login(*access, way.redirect_uri);
    explain(login, way, options, to);
    const finished_login finished =
        way.listener ? wait_for_code(login, way, options, to) : ask_for_code(login, options, to);
    if (!finished.problem.empty())
        return fail(finished.problem, to);
    const grant_reply reply =
        exchange(*session, *access, {finished.code, login.verifier, way.redirect_uri}, to);
    // Browsers ask a second time, or for an icon.
    while (way.listener && way.listener->wait(std::chrono::steady_clock::now()).what ==
                               redirect_listener::arrival::kind::request)
        way.listener->answer(200, page_done);
    if (reply.what != grant_reply::kind::granted)
        return fail_for_good("the token endpoint " + reply.why + "; log in again", to);
    if (const std::string problem =
            save_login(session->access().file(), *access, way.redirect_uri, reply.given,
                       std::chrono::steady_clock::now() + save_timeout, session->access().now());
        !problem.empty())
        return fail_for_good(problem + "; what Outreach gave is lost, log in again", to);
    report_grant(reply.given, *access, session->token_path(), to);
    return exit_code::ok;
}

} // namespace outreachd::command_line
