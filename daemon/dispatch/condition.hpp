/// Whether an event goes to a handler, where a route's `where` has to say so.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/expression/engine.hpp"

#include <string>
#include <vector>

namespace outreachd::dispatch {

/// What the `where` of all routes that lead to a handler say of an event.
struct condition_verdict {
    enum class kind {
        wanted,
        unwanted,
        undecided, ///< None wants it, and not all could be run.
    };

    kind said = kind::unwanted;
    std::string problem; ///< With `undecided`.
};

/// Runs the programs until one wants the event. False, null and no result are no (design section 4). Blocks
/// for up to a second for each. Without an engine every program is a problem.
condition_verdict judge_conditions(const std::vector<std::string>& programs, const event& subject,
                                   expression::engine* with);

} // namespace outreachd::dispatch
