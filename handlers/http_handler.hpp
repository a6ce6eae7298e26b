/// The `http` handler: one request for each event.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>

namespace outreachd::handlers {

/// Throws std::runtime_error where `configured.ca` can't be read.
std::unique_ptr<handler> make_http_handler(const settings::http_handler& configured,
                                           std::shared_ptr<expression::engine> expressions);

} // namespace outreachd::handlers
