/// From a handler's settings to the handler: the only place that names the types.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"

#include <memory>

namespace outreachd::handlers {

/// What all handlers that call Outreach share.
struct outreach_calls {
    std::shared_ptr<outreach::access> shared; ///< Null where the configuration has no section `outreach`.
    outreach::client_hooks hooks;
};

/// `expressions` runs the handler's jq programs; it begins no process where there are none. Throws
/// std::runtime_error, naming the handler, where it can't be made.
std::unique_ptr<handler> make_handler(const settings::handler& configured, log::logger& log,
                                      const std::shared_ptr<expression::engine>& expressions,
                                      const outreach_calls& calls = {});

} // namespace outreachd::handlers
