/// What becomes of a delivery by one request of its steps.
#pragma once

#include "daemon/event/outcome.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/http_transport.hpp"
#include "handlers/outreach/api_answer.hpp"

#include <optional>
#include <string>

namespace outreachd::handlers::outreach {

/// A step's result, or what the delivery's attempt ends with.
struct step_outcome {
    std::optional<std::string> result; ///< JSON; null where the answer has no content.
    outcome end;                       ///< Where there is no result.
};

/// Of a request to Outreach. 2xx and what the step allows are results; a wait, and a login that is needed,
/// hold the delivery; an answer that was lost does what the step's `on_unknown` says. Pure.
step_outcome judge_step(api_answer answer, const settings::outreach_step& step, wall_time now);

/// Of a request to somewhere else; `what` begins the reason, without a path that `step` hides. As above, and
/// as with the `http` handler. Pure.
step_outcome judge_step_elsewhere(http_answer answer, const settings::outreach_step& step,
                                  const std::string& what, wall_time now);

} // namespace outreachd::handlers::outreach
