/// The request that the options of `outreachd api` stand for.
#pragma once

#include "daemon/command_line/api_command.hpp"
#include "handlers/outreach/api_answer.hpp"
#include "handlers/outreach/query.hpp"

#include <string>
#include <vector>

namespace outreachd::command_line {

struct understood_request {
    handlers::outreach::api_request request{};
    std::string problem{};      ///< Why there is none. Empty: there is.
    bool is_unreadable = false; ///< The problem is a file that can't be read.
};

/// Reads `--data`, also from the standard input; sends nothing.
understood_request understand(const api_options& options, int standard_input);

/// Puts `NAME=VALUE` words into `to` as parameters of an action. Empty, or what is wrong with one.
std::string add_action_parameters(handlers::outreach::query& to, const std::vector<std::string>& words);

} // namespace outreachd::command_line
