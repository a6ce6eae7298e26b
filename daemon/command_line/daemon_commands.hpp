/// The commands that talk to the running daemon: status, events, dead, quarantine, backfill.
#pragma once

#include "daemon/command_line/backfill_command.hpp"
#include "daemon/command_line/command_tree.hpp"
#include "daemon/command_line/dead_command.hpp"
#include "daemon/command_line/events_command.hpp"
#include "daemon/command_line/quarantine_command.hpp"
#include "daemon/command_line/streams.hpp"

#include <string>
#include <vector>

namespace outreachd::command_line {

/// What can be typed behind them.
struct daemon_arguments {
    list_options list;
    list_options replayed;
    list_options dead_list;
    dead_selection dead;
    quarantine_options quarantine;
    backfill_options backfill;
    std::string id; ///< Of the one command that is run.
    bool is_json = false;
};

/// `into`, `configs` and `to` outlive the commands.
std::vector<runnable> add_daemon_commands(CLI::App& app, daemon_arguments& into,
                                          std::vector<std::string>& configs, const streams& to);

} // namespace outreachd::command_line
