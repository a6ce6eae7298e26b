/// Text as a part of a URI.
#pragma once

#include <string>
#include <string_view>

namespace outreachd {

/// Every byte percent-encoded but for the unreserved characters (RFC 3986, section 2.3).
std::string percent_encode(std::string_view text);

} // namespace outreachd
