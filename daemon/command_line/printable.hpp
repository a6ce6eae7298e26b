/// Text from outside, made safe to show on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace outreachd::command_line {

/// `text` with everything a terminal could take for a command escaped: control characters, C1
/// controls, the marks that turn the direction of writing, and bytes that aren't UTF-8, as `\n`,
/// `\t`, `\xHH` or `\u{HHHH}`.
std::string printable(std::string_view text);

/// `text` as lines, each behind `indent`, ended, and safe as above; a tab is four spaces. Empty where it is.
std::string printable_lines(std::string_view text, std::string_view indent);

/// How many characters of valid UTF-8 `text` holds: its width in a column, near enough.
std::size_t width_of(std::string_view text) noexcept;

/// The first `width_max` characters, the last of them `…` where something was cut.
std::string shortened(std::string_view text, std::size_t width_max);

} // namespace outreachd::command_line
