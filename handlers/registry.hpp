/// From a handler's settings to the handler: the only place that names the types.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>

namespace outreachd::handlers {

/// `expressions` runs the handler's jq programs; it begins no process where there are none. Throws
/// std::runtime_error, naming the handler, where it can't be made.
std::unique_ptr<handler> make_handler(const settings::handler& configured, log::logger& log,
                                      const std::shared_ptr<expression::engine>& expressions);

} // namespace outreachd::handlers
