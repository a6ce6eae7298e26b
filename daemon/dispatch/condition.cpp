#include "daemon/dispatch/condition.hpp"

#include "daemon/expression/event_view.hpp"

namespace outreachd::dispatch {

namespace {

/// Why an answer is none; empty where it is one.
std::string problem_of(const expression::answer& what) {
    if (!what.problem.empty())
        return "a route's 'where': " + what.problem;
    if (what.results.size() > 1)
        return "a route's 'where' gave " + std::to_string(what.results.size()) +
               " results where one is asked for; gather them with any(...)";
    return {};
}

bool says_yes(const expression::answer& what) {
    return what.results.size() == 1 && what.results[0] != "false" && what.results[0] != "null";
}

} // namespace

condition_verdict weigh(std::span<const expression::answer> answers) {
    using kind = condition_verdict::kind;
    condition_verdict verdict;
    bool is_lasting = false; ///< What the verdict tells; what won't pass is told before what may.
    for (const expression::answer& each : answers) {
        std::string problem = problem_of(each);
        if (problem.empty() && says_yes(each))
            return {kind::wanted, {}, false};
        if (problem.empty())
            continue;
        if (verdict.said != kind::undecided || (!is_lasting && !each.is_transient)) {
            verdict.problem = std::move(problem);
            is_lasting = !each.is_transient;
        }
        verdict.said = kind::undecided;
        verdict.is_transient = verdict.is_transient || each.is_transient;
    }
    return verdict;
}

condition_verdict judge_conditions(const std::vector<std::string>& programs, const event& subject,
                                   expression::engine* with) {
    using kind = condition_verdict::kind;
    if (programs.empty())
        return {kind::unwanted, {}, false};
    if (with == nullptr)
        return {kind::undecided, "there is nothing to run a 'where' with", false};
    return weigh(with->run(programs, expression::view_of(subject)));
}

} // namespace outreachd::dispatch
