#include "handlers/outreach/client.hpp"

#include "daemon/text/ascii.hpp"
#include "handlers/http_url.hpp"
#include "handlers/outreach/api_verdict.hpp"
#include "handlers/outreach/fingerprint.hpp"
#include "handlers/outreach/user_agent.hpp"

#include <algorithm>
#include <thread>

namespace outreachd::handlers::outreach {

namespace {

using enum api_answer::kind;

/// Of a stall, also where somebody has an hour.
constexpr std::chrono::seconds patient_request_timeout{60};

bool is_whole_url(std::string_view target) {
    const std::string start = to_lower(target.substr(0, 8));
    return start.starts_with("http://") || start.starts_with("https://");
}

std::vector<header> make_headers(const api_request& request, const secret& token) {
    std::vector<header> made = request.headers;
    std::erase_if(made, [](const header& one) { return is_same_in_any_case(one.name, "authorization"); });
    const auto add = [&](std::string_view name, std::string_view value) {
        const bool is_there = std::any_of(
            made.begin(), made.end(), [&](const header& one) { return is_same_in_any_case(one.name, name); });
        if (!is_there)
            made.push_back({std::string{name}, std::string{value}});
    };
    add("Content-Type", media_type);
    add("Accept", media_type);
    add("User-Agent", user_agent);
    made.push_back({"Authorization", "Bearer " + std::string{token.reveal()}});
    return made;
}

/// One that would end its line, and begin another header.
const header* find_odd_header(const api_request& request) {
    const auto odd = std::find_if(request.headers.begin(), request.headers.end(), [](const header& one) {
        return has_control_character(one.name) || has_control_character(one.value);
    });
    return odd == request.headers.end() ? nullptr : &*odd;
}

api_answer without_token(const token_reply& reply) {
    api_answer said;
    const bool is_later = reply.what == token_reply::kind::later;
    said.what = is_later ? later : needs_login;
    said.problem =
        "no access token of Outreach: " + reply.why + (is_later ? ", " + until_words(reply.until) : "");
    said.until = reply.until;
    return said;
}

bool is_past(steady_time deadline) {
    return std::chrono::steady_clock::now() >= deadline;
}

/// Fetching the token took what the request would have needed. Nothing was sent; the next finds it there.
api_answer came_too_late(const api_request& request, wall_time now) {
    return {.what = later,
            .problem = request.method + ": the time was over when Outreach had given the access token",
            .until = now};
}

/// Says whose token it is, whatever that may do (contract 6.32).
api_request probe_request() {
    return get("");
}

bool is_probe(const api_request& request) {
    return request.method == "GET" && request.target.empty();
}

bool is_unauthorized(const api_answer& said) {
    return said.what == answered && said.status == 401;
}

api_answer needs_new_login(api_answer said) {
    said.what = needs_login;
    said.problem +=
        "; the access token was renewed, and refused again: Outreach has to let the app or its user "
        "in again, or somebody has to log in anew";
    return said;
}

/// Nobody's words on a failure need our token. Of an `http_answer` or an `api_answer`.
template <typename Answer>
void hide_token(Answer& answer, const secret& token) {
    answer.body = without_secrets(std::move(answer.body), {token.reveal()});
    for (header& each : answer.headers)
        each.value = without_secrets(std::move(each.value), {token.reveal()});
}

} // namespace

/// Where a request goes to.
struct client::destination {
    std::string url{};
    std::string shown{};   ///< For the problem: without the query.
    std::string problem{}; ///< Why it can't be sent. Empty: it can.
};

client::client(access& shared, caller who, client_hooks hooks)
    : shared_(shared), who_(who), hooks_(std::move(hooks)) {}

api_answer client::send(const api_request& request, steady_time deadline) {
    // A request that makes no sense costs no token.
    if (const destination to = find_destination(request, {});
        !to.problem.empty() && !is_whole_url(request.target))
        return {.what = refused, .problem = to.problem};
    const bool was_past = is_past(deadline);
    const token_reply by = shared_.tokens().get(deadline);
    if (by.what != token_reply::kind::token)
        return without_token(by);
    if (!was_past && is_past(deadline))
        return came_too_late(request, shared_.now());
    api_answer said = send_once(request, by, deadline);
    lasting_refusal& refusal = shared_.refusal();
    if (is_unauthorized(said) && !refusal.is_recent(shared_.now()))
        return send_again(request, by, std::move(said), deadline);
    if (is_unauthorized(said))
        said = needs_new_login(std::move(said));
    else if (said.what == answered && said.status < 500) // a proxy's error says nothing of the token
        refusal.end();
    return said;
}

/// After a 401: to this request alone it is its own fault, and another token, of which there is one a minute,
/// would be for nothing.
api_answer client::send_again(const api_request& request, const token_reply& by, api_answer said,
                              steady_time deadline) {
    lasting_refusal& refusal = shared_.refusal();
    const wall_time now = shared_.now();
    // Where another thread has a new token by now, nobody asks what was wrong with the old one.
    if (!is_probe(request) && is_still_the_token(by, deadline)) {
        api_answer probe = send_once(probe_request(), by, deadline);
        if (probe.is_success())
            return its_own_fault(std::move(said));
        if (probe.what == later) {
            probe.problem =
                said.problem + "; whether that is the token's fault is asked later: " + probe.problem;
            return probe;
        }
    }
    const bool was_past = is_past(deadline);
    const token_reply renewed = shared_.tokens().renew(by.token, deadline);
    if (renewed.what != token_reply::kind::token) {
        said = without_token(renewed);
        if (said.what == needs_login)
            refusal.begin(said.problem);
        return said;
    }
    if (!was_past && is_past(deadline))
        return came_too_late(request, shared_.now());
    said = send_once(request, renewed, deadline);
    if (is_unauthorized(said)) {
        if (!is_probe(request) && send_once(probe_request(), renewed, deadline).is_success())
            return its_own_fault(std::move(said));
        said = needs_new_login(std::move(said));
        refusal.begin(said.problem, now);
    } else if (said.what == answered && said.status < 500) {
        refusal.end();
    }
    return said;
}

bool client::is_still_the_token(const token_reply& by, steady_time deadline) const {
    const token_reply held = shared_.tokens().get(deadline);
    return held.what != token_reply::kind::token || held.token == by.token;
}

api_answer client::its_own_fault(api_answer said) const {
    shared_.refusal().end();
    said.problem +=
        "; with the same token Outreach answers other requests, so the token itself is good: look "
        "at the path, at the app's scopes, and at what its user may do";
    return said;
}

api_answer client::send_patiently(const api_request& request, steady_time deadline) {
    for (;;) {
        api_answer said =
            send(request, std::min(deadline, std::chrono::steady_clock::now() + patient_request_timeout));
        if (said.what != later)
            return said;
        const auto wait =
            std::max<wall_time::duration>(said.until - shared_.now(), std::chrono::milliseconds{100});
        if (std::chrono::steady_clock::now() + wait >= deadline)
            return said;
        if (!hooks_.wait)
            std::this_thread::sleep_for(wait);
        else if (!hooks_.wait(said))
            return said;
    }
}

client::destination client::find_destination(const api_request& request, const std::string& api_base) const {
    const std::string& base = api_base.empty() ? shared_.base_url() : api_base;
    const bool is_whole = is_whole_url(request.target);
    destination to;
    to.url = is_whole ? request.target
                      : base + (request.target.empty() || request.target.starts_with('/') ? "" : "/") +
                            request.target;
    const http_url read = read_http_url(to.url);
    to.shown = request.method + " " + read.shown;
    if (!read.problem.empty())
        to.problem = request.method + ": the URL " + read.problem;
    else if (is_whole && read.origin != read_http_url(base).origin &&
             read.origin != read_http_url(shared_.base_url()).origin)
        to.problem = to.shown + ": that is not where the API is, and our token doesn't go there";
    else if (const header* const odd = find_odd_header(request))
        to.problem = to.shown + ": the header " + presentable(odd->name) +
                     " holds a line break or another control character";
    return to;
}

api_answer client::send_once(const api_request& request, const token_reply& by, steady_time deadline) {
    const destination to = find_destination(request, by.api_base);
    if (!to.problem.empty())
        return {.what = refused, .problem = to.problem};
    limiter& limit = shared_.limit();
    const limiter::entry entry = limit.enter(who_);
    if (!entry.allowed)
        return {.what = later,
                .problem = to.shown + ": " + entry.why + ", " + until_words(entry.until),
                .until = entry.until};

    http_request sent{.method = request.method,
                      .url = to.url,
                      .headers = make_headers(request, by.token),
                      .body = std::nullopt,
                      .deadline = deadline,
                      .is_repeatable = request.is_reading()};
    if (request.body)
        sent.body = *request.body;
    http_answer answer = shared_.transport().send(sent);
    // Before words of it are shortened, and the token with them. A success stays as it came.
    if (answer.status < 200 || answer.status > 299)
        hide_token(answer, by.token);
    limit.learn(answer);
    if (hooks_.on_request && answer.was_sent)
        hooks_.on_request(answer.status, limit.facts().remaining);

    const auto maintenance = maintenance_wait(answer, shared_.now());
    api_answer said = judge_api_answer(std::move(answer), request, to.shown);
    if (!said.is_success()) // a proxy's page with status 200 may repeat what was sent
        hide_token(said, by.token);
    if (maintenance) {
        said.what = later;
        said.until = limit.hold(*maintenance, "Outreach is under maintenance (503)");
    } else if (said.what == later) {
        said.until = limit.facts().held_until;
    }
    if (said.what == later)
        said.problem += ", " + until_words(said.until);
    return said;
}

} // namespace outreachd::handlers::outreach
