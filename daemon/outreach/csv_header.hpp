/// The first line of a CSV file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::outreach {

/// The columns' names (RFC 4180: quotes, doubled quotes, line breaks within them), without a byte order mark
/// and without white space around them. Nothing where a quote is never closed, or nothing is there.
std::optional<std::vector<std::string>> read_csv_header(std::string_view csv);

/// Whether anything stands behind the header.
bool has_csv_rows(std::string_view csv);

} // namespace outreachd::outreach
