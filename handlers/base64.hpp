/// Base64 (RFC 4648, section 4), for bytes that are no text.
#pragma once

#include <string>
#include <string_view>

namespace outreachd::handlers {

/// With padding, on one line.
std::string to_base64(std::string_view bytes);

} // namespace outreachd::handlers
