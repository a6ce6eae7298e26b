/// Base 64 with an alphabet for URLs, without padding (RFC 4648, section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outreachd::sandbox {

std::string to_base64url(std::string_view bytes);
/// Nothing where `text` has a character that doesn't belong.
std::optional<std::string> from_base64url(std::string_view text);

} // namespace outreachd::sandbox
