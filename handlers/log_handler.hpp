/// The `log` handler: one log line for each event.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>

namespace outreachd::handlers {

/// Throws std::runtime_error where `configured.level` is no level.
std::unique_ptr<handler> make_log_handler(const settings::log_handler& configured, log::logger& log,
                                          std::shared_ptr<expression::engine> expressions);

} // namespace outreachd::handlers
