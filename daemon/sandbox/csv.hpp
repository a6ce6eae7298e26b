/// Comma-separated values (RFC 4180).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outreachd::sandbox {

/// Rows of fields, the header too; lines that are empty are none. Line ends of either kind, a byte order
/// mark in front.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);

} // namespace outreachd::sandbox
