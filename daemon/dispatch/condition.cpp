#include "daemon/dispatch/condition.hpp"

#include "daemon/expression/event_view.hpp"

#include <algorithm>

namespace outreachd::dispatch {

condition_verdict judge_conditions(const std::vector<std::string>& programs, const event& subject,
                                   expression::engine* with) {
    using kind = condition_verdict::kind;
    if (programs.empty())
        return {kind::unwanted, {}};
    if (with == nullptr)
        return {kind::undecided, "there is nothing to run a 'where' with"};
    condition_verdict verdict;
    for (const expression::answer& each : with->run(programs, expression::view_of(subject))) {
        if (!each.problem.empty()) {
            verdict = {kind::undecided, "a route's 'where': " + each.problem};
            continue;
        }
        const auto says_yes = [](const std::string& result) { return result != "false" && result != "null"; };
        if (std::ranges::any_of(each.results, says_yes))
            return {kind::wanted, {}};
    }
    return verdict;
}

} // namespace outreachd::dispatch
