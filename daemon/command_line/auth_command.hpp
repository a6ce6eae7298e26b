/// `outreachd auth status` and `outreachd auth install`.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

/// Asks Outreach who we are. Returns the exit code: `failed` where somebody has to log in.
int show_login(const std::string& config_path, bool is_json, const streams& to);

/// Exchanges the set-up token that the app's set-up URL was called with; `-`: from the standard input.
/// Returns the exit code.
int set_up_install(const std::string& config_path, const std::string& setup_token, const streams& to);

} // namespace outreachd::command_line
