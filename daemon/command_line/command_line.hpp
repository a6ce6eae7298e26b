/// The program's command line: what is typed, and which command does it.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <functional>
#include <string>

namespace outreachd::command_line {

/// Commands that live above this folder.
struct commands {
    /// Runs the daemon with the configuration file of that path; returns the exit code.
    std::function<int(std::string config_path)> serve;
};

/// Reads the arguments, runs the command, returns the exit code (see exit_code.hpp). A command whose output
/// could not be written whole has failed. Blocks as long as the command does. Throws what `serve` throws.
int run(int argc, const char* const* argv, const commands& given, const streams& to);

/// The same on the standard streams.
int run(int argc, const char* const* argv, const commands& given);

} // namespace outreachd::command_line
