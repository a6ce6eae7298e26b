/// From a handler's settings to the handler: the only place that names the types.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>

namespace outreachd::handlers {

/// Throws std::runtime_error, naming the handler, where it can't be made.
std::unique_ptr<handler> make_handler(const settings::handler& configured, log::logger& log);

} // namespace outreachd::handlers
