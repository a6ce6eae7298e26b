/// From the configuration to the handlers that the dispatcher runs.
#pragma once

#include "daemon/dispatch/lane.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/registry.hpp"

#include <vector>

namespace outreachd {

/// Throws std::runtime_error where one can't be used, naming it. The log outlives them.
std::vector<dispatch::equipped_handler> make_handlers(const std::vector<settings::handler>& configured,
                                                      log::logger& log,
                                                      const handlers::outreach_calls& calls);

} // namespace outreachd
