#include "handlers/outreach/api_verdict.hpp"

#include "daemon/text/ascii.hpp"
#include "handlers/http_url.hpp"
#include "handlers/json_compact.hpp"
#include "handlers/retry_after.hpp"

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

using enum api_answer::kind;

bool has_error(const std::vector<api_error>& errors, std::string_view id) {
    return std::any_of(errors.begin(), errors.end(), [&](const api_error& each) { return each.id == id; });
}

bool is_html(std::string_view content_type) {
    return to_lower(content_type).find("html") != std::string::npos;
}

/// No answer that could be read: was it done?
void set_unknown(api_answer& said, const api_request& request, std::string problem) {
    if (request.is_reading()) {
        said.what = unreachable;
        said.problem = std::move(problem);
    } else {
        said.what = lost;
        said.problem = std::move(problem) + "; whether it was done is not known";
    }
}

std::string redirect_words(const http_answer& answer) {
    const std::string target = shown_location(answer.field("location"));
    return " answered " + std::to_string(answer.status) + ", a redirect" +
           (target.empty() ? "" : " to " + target) +
           ", and redirects are not followed; look at outreach.base_url";
}

/// A gateway that gave up on what stands behind it, or a page instead of the API's own words: nobody knows
/// how far the request got, and Outreach knows no idempotency key (contract 6.26). A 503 is said before
/// anything is begun.
bool leaves_open_whether_done(int status, const std::vector<api_error>& errors) {
    return status == 502 || status == 504 || (status >= 500 && status != 503 && errors.empty());
}

const char* advice_for(int status, const std::vector<api_error>& errors) {
    if (status == 403 && has_error(errors, "unauthorizedOauthScope"))
        return "; the token lacks a scope: add it to outreach.auth.scopes and log in again";
    if (status == 403 && has_error(errors, "unauthorizedRequest"))
        return "; the user whom the token stands for may not do this";
    return "";
}

void judge_success(api_answer& said, const http_answer& answer, const api_request& request,
                   const std::string& what) {
    const std::string answered = what + " answered " + std::to_string(answer.status);
    const bool may_be_empty = answer.status == 204 || !request.is_reading() || request.method == "HEAD";
    if (said.body.empty() && may_be_empty)
        return;
    if (said.body.empty())
        set_unknown(said, request, answered + " with nothing");
    else if (is_html(answer.field("content-type")))
        set_unknown(said, request, answered + " with a web page instead of JSON");
    else if (!is_json(said.body))
        set_unknown(said, request, answered + " with JSON that breaks off, or with none");
}

} // namespace

std::optional<std::chrono::milliseconds> maintenance_wait(const http_answer& answer, wall_time now) {
    if (answer.status != 503)
        return std::nullopt;
    if (const auto wait = parse_wait_left(answer.field("retry-after"), now))
        return wait;
    if (has_error(read_errors(answer.body), "scheduledServerMaintenance"))
        return std::chrono::minutes{1};
    return std::nullopt;
}

std::string_view api_answer::field(std::string_view name) const noexcept {
    const auto found =
        std::find_if(headers.begin(), headers.end(), [&](const header& one) { return one.name == name; });
    return found == headers.end() ? std::string_view{} : std::string_view{found->value};
}

api_answer judge_api_answer(http_answer answer, const api_request& request, const std::string& what) {
    api_answer said;
    said.what = answered;
    said.status = answer.status;
    said.body = std::move(answer.body);
    if (!answer.was_sent) {
        said.what = unreachable;
        said.problem = what + ": " + answer.problem;
    } else if (answer.is_too_long) {
        said.problem = what + " answered " + std::to_string(answer.status) +
                       " with more than 16 MiB; ask for smaller pages (page[size]) or fewer fields";
    } else if (!answer.problem.empty()) {
        set_unknown(said, request, what + ": " + answer.problem);
    } else if (answer.status >= 200 && answer.status <= 299) {
        judge_success(said, answer, request, what);
    } else if (answer.status >= 300 && answer.status <= 399) {
        said.problem = what + redirect_words(answer);
    } else {
        said.errors = read_errors(said.body);
        std::string problem = what + " answered " +
                              describe_failure(answer.status, answer.field("content-type"), said.body) +
                              advice_for(answer.status, said.errors);
        if (!request.is_reading() && leaves_open_whether_done(answer.status, said.errors))
            set_unknown(said, request, std::move(problem));
        else
            said.problem = std::move(problem);
        if (answer.status == 429)
            said.what = later;
    }
    said.headers = std::move(answer.headers);
    return said;
}

} // namespace outreachd::handlers::outreach
