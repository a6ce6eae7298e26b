/// The `exec` handler: runs a program for each event.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>
#include <string>

namespace outreachd::handlers {

/// `name` is the handler's own. Throws std::invalid_argument where an expression isn't closed.
std::unique_ptr<handler> make_exec_handler(std::string name, const settings::exec_handler& configured,
                                           std::shared_ptr<expression::engine> expressions);

} // namespace outreachd::handlers
