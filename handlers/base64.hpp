/// Base64 (RFC 4648), for bytes that are no text.
#pragma once

#include <string>
#include <string_view>

namespace outreachd::handlers {

/// The usual alphabet (section 4), with padding, on one line.
std::string to_base64(std::string_view bytes);

/// The alphabet of URLs (section 5), without padding.
std::string to_base64url(std::string_view bytes);

} // namespace outreachd::handlers
