/// `outreachd auth login`: a user's consent, by his browser.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <chrono>
#include <string>

namespace outreachd::command_line {

struct login_options {
    bool opens_browser = true; ///< Where there is one.
    /// How long the user has.
    std::chrono::milliseconds timeout = std::chrono::minutes{10};
};

/// Blocks until the browser came back or the time is over. Returns the exit code.
int log_in(const std::string& config_path, const login_options& options, const streams& to);

} // namespace outreachd::command_line
