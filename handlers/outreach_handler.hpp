/// The `outreach` handler: calls the Outreach REST API, step by step (design section 8).
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"

#include <memory>

namespace outreachd::handlers {

/// `shared` may be null where no step calls Outreach itself. `expressions` runs the jq programs.
std::unique_ptr<handler> make_outreach_handler(const settings::outreach_handler& configured,
                                               std::shared_ptr<outreach::access> shared,
                                               outreach::client_hooks hooks,
                                               std::shared_ptr<expression::engine> expressions);

} // namespace outreachd::handlers
