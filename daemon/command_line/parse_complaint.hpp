/// What is wrong with the words of a command line.
#pragma once

#include <CLI/CLI.hpp>

#include <span>
#include <string>

namespace outreachd::command_line {

/// The innermost command that was typed.
const CLI::App& innermost(const CLI::App& app);

/// Why they can't be understood, in words of our own where the parser's are for its programmers.
std::string describe(const CLI::ParseError& problem, const CLI::App& app);

/// Which option or argument was given with nothing in it, as by a variable that isn't set: a filter that is
/// dropped lets everything through. `typed` are all words behind the program's name. Empty: there is none.
std::string find_empty_value(const CLI::App& app, std::span<const char* const> typed);

} // namespace outreachd::command_line
