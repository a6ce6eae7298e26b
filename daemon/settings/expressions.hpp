/// Values of the file that are jq programs, or texts with `${{ }}` in them.
#pragma once

#include "daemon/settings/scalar_reader.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace outreachd::settings {

/// A text that isn't empty and may hold expressions, each of them checked. Outside of expressions it holds
/// no control character; with `lines::many` it may hold line breaks and tabs.
enum class lines { one, many };
std::optional<std::string> read_template(const value_ref& value, lines allowed = lines::one);

/// A bare jq program, checked; may have several lines.
std::optional<std::string> read_program(const value_ref& value);

/// Checks every expression in `text`, which has been read from `value`: each that can't be used is an error
/// at the value, with jq's own message. False where there is one.
bool check_expressions(const value_ref& value, std::string_view text);

/// The same for a text that is a program as a whole.
bool check_program(const value_ref& value, const std::string& program);

} // namespace outreachd::settings
