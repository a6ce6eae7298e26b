/// JSON on one line, without reading its meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outreachd::handlers {

/// `text` without the white space between its tokens. Everything else stays as it is: the digits of
/// numbers, the escapes of strings, the order of keys, keys given twice. The result holds no line
/// break. Nothing where `text` is not one JSON value in UTF-8, or nests deeper than 512 levels. Pure;
/// any thread.
std::optional<std::string> json_compact(std::string_view text);

} // namespace outreachd::handlers
