/// The `amqp` handler: one message for each event.
#pragma once

#include "daemon/expression/engine.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>
#include <string>

namespace outreachd::handlers {

/// `name` is what the broker shows of its connections. `expressions` runs the jq programs in routing key and
/// headers.
std::unique_ptr<handler> make_amqp_handler(const std::string& name, const settings::amqp_handler& configured,
                                           std::shared_ptr<expression::engine> expressions);

} // namespace outreachd::handlers
