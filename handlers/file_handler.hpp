/// The `file` handler: appends each event to a file as one line of JSON.
#pragma once

#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <memory>

namespace outreachd::handlers {

std::unique_ptr<handler> make_file_handler(const settings::file_handler& configured);

} // namespace outreachd::handlers
