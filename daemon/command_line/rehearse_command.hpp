/// `outreachd send --dry-run`: what events would cause, without sending them.
#pragma once

#include "daemon/command_line/send_command.hpp"
#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

/// Shows where the routes lead each event of `options.what`, and the requests that handlers of type
/// `outreach` would make. Requests that only read are made, since later steps need their answers; of all
/// others the answer is taken to be what is sent. No daemon is asked, and nothing is stored. Returns the exit
/// code: `failed` where a handler would not come to its end, or a `where` can't be decided.
int rehearse(const std::string& config_path, const send_options& options, const streams& to);

} // namespace outreachd::command_line
