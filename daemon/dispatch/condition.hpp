/// Whether an event goes to a handler, where a route's `where` has to say so.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/expression/engine.hpp"

#include <span>
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
    std::string problem;       ///< With `undecided`.
    bool is_transient = false; ///< With `undecided`: a problem lies in the machine, and may pass.
};

/// What the answers of all programs come to. One that wants the event decides, whatever became of the others.
/// False, null and no result are no; several results are a problem. Pure.
condition_verdict weigh(std::span<const expression::answer> answers);

/// Runs the programs and weighs what they say. Blocks for up to a second for each. Without an engine every
/// program is a problem.
condition_verdict judge_conditions(const std::vector<std::string>& programs, const event& subject,
                                   expression::engine* with);

} // namespace outreachd::dispatch
