#include "handlers/http_verdict.hpp"

#include "handlers/http_url.hpp"
#include "handlers/retry_after.hpp"

namespace outreachd::handlers {

namespace {

bool is_redirect(int status) {
    return status >= 300 && status <= 399 && status != 304;
}

std::optional<std::chrono::milliseconds> asked_wait(const http_answer& answer, wall_time now) {
    if (const auto wait = parse_wait(answer.field("retry-after"), now))
        return wait;
    // Other answers say when the limit is reset as well, which then has nothing to do with the failure.
    return answer.status == 429 ? parse_wait(answer.field("x-ratelimit-reset"), now) : std::nullopt;
}

std::string retry_reason(const http_answer& answer, const std::optional<std::chrono::milliseconds>& wait) {
    std::string reason = "answered " + std::to_string(answer.status);
    if (wait)
        reason += ", and asks to wait " + std::to_string(wait->count() / 1000) + " s";
    return reason;
}

std::string dead_reason(const http_answer& answer, bool hides_path) {
    std::string reason = "answered " + std::to_string(answer.status);
    if (!is_redirect(answer.status))
        return reason;
    const std::string target = shown_location(answer.field("location"), hides_path);
    return reason + ", a redirect" + (target.empty() ? "" : " to " + target) +
           ", and redirects are not followed; give that URL if it is the right one";
}

} // namespace

bool may_pass(int status) {
    return status == 407 || status == 408 || status == 425 || status == 429 ||
           (status >= 500 && status <= 599);
}

outcome judge_answer(http_answer answer, const std::string& what, wall_time now, bool hides_path) {
    outcome said;
    if (!answer.problem.empty()) {
        said = outcome::retry(what + ": " + answer.problem);
    } else if (answer.status >= 200 && answer.status <= 299) {
        return outcome::done();
    } else if (may_pass(answer.status)) {
        const auto wait = asked_wait(answer, now);
        said = outcome::retry(what + " " + retry_reason(answer, wait));
        said.retry_after = wait;
    } else {
        said = outcome::dead(what + " " + dead_reason(answer, hides_path));
    }
    said.last_answer = std::move(answer.body);
    return said;
}

} // namespace outreachd::handlers
