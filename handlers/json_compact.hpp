/// JSON on one line, without reading its meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outreachd::handlers {

/// One JSON value in UTF-8, nested at most 512 levels deep. Pure; any thread.
bool is_json(std::string_view text);

/// `text` without the white space between its tokens. Everything else stays as it is: the digits of
/// numbers, the escapes of strings, the order of keys, keys given twice. The result holds no line
/// break. Nothing where `is_json` is false. Pure; any thread.
std::optional<std::string> json_compact(std::string_view text);

} // namespace outreachd::handlers
