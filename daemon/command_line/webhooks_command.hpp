/// Makes Outreach's webhooks what the configuration says.
#pragma once

#include "daemon/command_line/command_tree.hpp"
#include "daemon/command_line/streams.hpp"

#include <string>
#include <vector>

namespace outreachd::command_line {

struct webhooks_options {
    bool is_json = false;
    bool includes_others = false; ///< Also webhooks that somebody else made, where they have our URL.
    bool is_sure = false;         ///< `apply` doesn't ask.
};

/// All return the exit code; `plan` 2 where something would change.
int list_webhooks(const std::string& config_path, const webhooks_options& options, const streams& to);
int plan_webhooks(const std::string& config_path, const webhooks_options& options, const streams& to);
int apply_webhooks(const std::string& config_path, const webhooks_options& options, const streams& to);

/// `into`, `configs` and `to` outlive the commands.
std::vector<runnable> add_webhooks_commands(CLI::App& app, webhooks_options& into,
                                            std::vector<std::string>& configs, const streams& to);

} // namespace outreachd::command_line
