/// How a command is put into the program's tree of commands.
#pragma once

#include "daemon/command_line/configuration.hpp"
#include "daemon/text/number.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::command_line {

/// Of an option: a whole number in that range, its ends included.
inline CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
    return CLI::Validator(
        [=](std::string& typed) -> std::string {
            const auto number = outreachd::whole_number<std::uint64_t>(typed);
            if (number && *number >= least && *number <= most)
                return {};
            return "'" + typed + "' is no whole number from " + std::to_string(least) + " to " +
                   std::to_string(most);
        },
        "");
}

/// A command, and what runs it.
struct runnable {
    CLI::App* command;
    std::function<int(const std::string& config_path)> run;
};

/// Adds a command with its own `-c`; what is typed there goes to `configs`. `footer` stands under its
/// options.
inline CLI::App* add_command(CLI::App& to, const std::string& name, const std::string& description,
                             std::string_view footer, std::vector<std::string>& configs) {
    CLI::App* const command = to.add_subcommand(name, description);
    command->group("Commands");
    command->footer(std::string{footer});
    command
        ->add_option_function<std::string>(
            "-c,--config", [&configs](const std::string& path) { configs.push_back(path); },
            "The configuration file (else $OUTREACHD_CONFIG, else\n" +
                std::string{default_configuration_path} + ")")
        ->type_name("FILE");
    return command;
}

} // namespace outreachd::command_line
