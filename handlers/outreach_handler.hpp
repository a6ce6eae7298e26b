/// The `outreach` handler: calls the Outreach REST API, step by step (config/reference.md).
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"
#include "handlers/outreach/step_form.hpp"
#include "handlers/outreach/step_outcome.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace outreachd::handlers {

/// Sees each request before it is sent, and may answer it instead; nothing: it is sent. On the handler's
/// threads.
using request_stand_in = std::function<std::optional<outreach::step_outcome>(
    const outreach::step_form& step, const outreach::step_request& made)>;

/// `shared` may be null where no step calls Outreach itself. `expressions` runs the jq programs.
std::unique_ptr<handler> make_outreach_handler(const settings::outreach_handler& configured,
                                               std::shared_ptr<outreach::access> shared,
                                               outreach::client_hooks hooks,
                                               std::shared_ptr<expression::engine> expressions,
                                               request_stand_in stand_in = {});

} // namespace outreachd::handlers
