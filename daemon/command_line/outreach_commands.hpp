/// The commands that call Outreach: api, auth, bulk, import.
#pragma once

#include "daemon/command_line/api_command.hpp"
#include "daemon/command_line/auth_command.hpp"
#include "daemon/command_line/bulk_command.hpp"
#include "daemon/command_line/command_tree.hpp"
#include "daemon/command_line/import_command.hpp"
#include "daemon/command_line/login_command.hpp"
#include "daemon/command_line/streams.hpp"

#include <string>
#include <vector>

namespace outreachd::command_line {

/// What can be typed behind them.
struct outreach_arguments {
    api_options api;
    login_options login;
    std::string setup_token;
    bool is_json = false; ///< Of `auth status`.
    bulk_options bulk;
    import_options import;
};

/// `into`, `configs` and `to` outlive the commands.
std::vector<runnable> add_outreach_commands(CLI::App& app, outreach_arguments& into,
                                            std::vector<std::string>& configs, const streams& to);

} // namespace outreachd::command_line
