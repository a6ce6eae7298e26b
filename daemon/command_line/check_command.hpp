/// `outreachd check`: says what is wrong with a configuration file.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

/// Whether this process reads what the service reads: systemd started it as part of a unit, as its reload
/// does, and it is the service's own user, or root. Anybody else, root on a terminal too, may lack
/// credentials, variables and files without anything being wrong.
bool may_read_secrets();

/// Writes every problem to `err` as `FILE:LINE:COLUMN: message`, warnings marked as such, and
/// `FILE: ok` to `out` where there are only warnings. A secret that can't be read is an error where
/// `expects_secrets`, else a warning. Returns the exit code.
int check(const std::string& config_path, bool expects_secrets, const streams& to);

} // namespace outreachd::command_line
