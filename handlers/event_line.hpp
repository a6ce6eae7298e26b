/// One delivery as one line of JSON.
#pragma once

#include "handlers/handler.hpp"

#include <string>

namespace outreachd::handlers {

/// The event's fields by the names of `--json`, `delivery_id`, and `body`, the
/// JSON as received but for white space between tokens, or `body_base64` where it isn't JSON. Ends
/// with the line's only line break. Pure; any thread.
std::string event_line(const event& subject, const event_id& delivery);

} // namespace outreachd::handlers
