/// jq's messages about a program, made to speak of the program that the operator wrote.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace outreachd::expression {

/// A program between the text that gives it `.`, `$event`, `$steps` and `$item`: jq 1.6 takes named
/// arguments only when it compiles, so each program gets one object, `{event, steps, item, body}`.
std::string wrap(std::string_view program);

/// What jq said while it compiled `wrap(program)`, on one line: its words, and where in `program`.
std::string explain(std::span<const std::string> said, std::string_view program);

/// A text of jq's on one line and of bounded length.
std::string on_one_line(std::string_view text);

} // namespace outreachd::expression
