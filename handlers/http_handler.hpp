/// The `http` handler: one request for each event.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>

namespace outreachd::handlers {

/// `expressions` runs the jq programs in URL, headers and body.
std::unique_ptr<handler> make_http_handler(const settings::http_handler& configured,
                                           std::shared_ptr<expression::engine> expressions);

} // namespace outreachd::handlers
