#include "handlers/outreach/step_outcome.hpp"

#include "handlers/http_verdict.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/limiter.hpp"
#include "handlers/retry_after.hpp"

#include <algorithm>

namespace outreachd::handlers::outreach {

namespace {

using namespace std::chrono_literals;

/// A login is looked for so often.
constexpr auto login_look = 30s;
constexpr std::chrono::milliseconds wait_min = 100ms;
constexpr std::size_t last_answer_bytes_max = 4096;

bool is_allowed(int status, const settings::outreach_step& step) {
    return std::find(step.allow.begin(), step.allow.end(), status) != step.allow.end();
}

std::string result_of(const std::string& body) {
    return read_json(body) ? body : "null";
}

step_outcome ended(outcome how, std::string body = {}) {
    body.resize(std::min(body.size(), last_answer_bytes_max));
    how.last_answer = std::move(body);
    return {std::nullopt, std::move(how)};
}

outcome of_lost_answer(const settings::outreach_step& step, const std::string& problem,
                       std::optional<std::chrono::milliseconds> asked_wait = std::nullopt) {
    if (step.on_unknown == settings::on_unknown::retry) {
        outcome again = outcome::retry(problem);
        again.retry_after = asked_wait;
        return again;
    }
    return outcome::dead(problem + "; it may have been done, so it isn't repeated (on_unknown: retry would)");
}

} // namespace

step_outcome judge_step(api_answer answer, const settings::outreach_step& step, wall_time now) {
    const bool is_another_wanted =
        answer.what == api_answer::kind::later || answer.what == api_answer::kind::unreachable;
    if (answer.is_success() || (!is_another_wanted && is_allowed(answer.status, step)))
        return {result_of(answer.body), {}};
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(answer.until - now);
    switch (answer.what) {
    case api_answer::kind::later:
        // The time is another clock's, or of before ours was set; the handler's workers wait by a steady one.
        return ended(outcome::wait(std::clamp<std::chrono::milliseconds>(until, wait_min, limiter::wait_max),
                                   answer.problem),
                     std::move(answer.body));
    case api_answer::kind::needs_login:
        return ended(outcome::wait(login_look, answer.problem));
    case api_answer::kind::unreachable:
        return ended(outcome::retry(answer.problem), std::move(answer.body));
    case api_answer::kind::lost:
        return ended(of_lost_answer(step, answer.problem, parse_wait(answer.field("retry-after"), now)),
                     std::move(answer.body));
    case api_answer::kind::refused:
        return ended(outcome::dead(answer.problem));
    case api_answer::kind::answered:
        break;
    }
    if (!may_pass(answer.status))
        return ended(outcome::dead(answer.problem), std::move(answer.body));
    outcome again = outcome::retry(answer.problem);
    again.retry_after = parse_wait(answer.field("retry-after"), now);
    return ended(std::move(again), std::move(answer.body));
}

step_outcome judge_step_elsewhere(http_answer answer, const settings::outreach_step& step,
                                  const std::string& what, wall_time now) {
    if (answer.problem.empty() && is_allowed(answer.status, step))
        return {result_of(answer.body), {}};
    const bool is_lost =
        !answer.problem.empty() && answer.was_sent && step.method != "GET" && step.method != "PUT";
    if (is_lost)
        return ended(of_lost_answer(step, what + ": " + answer.problem), std::move(answer.body));
    std::string body = answer.body;
    outcome said = judge_answer(std::move(answer), what, now, step.hides_path);
    if (said.verdict == outcome::kind::done)
        return {result_of(body), {}};
    return ended(std::move(said), std::move(body));
}

} // namespace outreachd::handlers::outreach
