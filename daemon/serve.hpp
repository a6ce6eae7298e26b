/// `outreachd serve`: from the configuration file to the daemon, and from a signal to its end.
#pragma once

#include <string>

namespace outreachd {

/// Runs until SIGTERM or SIGINT; returns the exit code. Throws std::runtime_error, naming the key or
/// file, where the daemon can't start.
int serve(const std::string& config_path);

} // namespace outreachd
