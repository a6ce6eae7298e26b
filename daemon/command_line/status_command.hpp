/// `outreachd status`: what the running daemon says of itself.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

/// Returns the exit code; a daemon that isn't ready is no failure of the command.
int status(const std::string& config_path, bool is_json, const streams& to);

} // namespace outreachd::command_line
