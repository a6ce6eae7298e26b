/// CLI11's home, with command_line, daemon_commands and outreach_commands.
#include "daemon/command_line/parse_complaint.hpp"

#include "daemon/settings/nearest_name.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace outreachd::command_line {

namespace {

std::vector<std::string> commands_of(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(each->get_name());
    return names;
}

std::string unknown_word(const std::string& word, const CLI::App& command) {
    std::vector<std::string> known;
    if (word.starts_with('-')) {
        for (const CLI::Option* each : command.get_options()) {
            for (const std::string& name : each->get_lnames())
                known.push_back("--" + name);
        }
    } else {
        known = commands_of(command);
    }
    const char* const what = word.starts_with('-') ? "option" : known.empty() ? "argument" : "command";
    const std::vector<std::string_view> names(known.begin(), known.end());
    return "unknown " + std::string{what} + " '" + word + "'" +
           settings::suggestion(word.substr(0, word.find('=')), names);
}

} // namespace

const CLI::App& innermost(const CLI::App& app) {
    const auto parsed = app.get_subcommands();
    return parsed.empty() ? app : innermost(*parsed.front());
}

std::string describe(const CLI::ParseError& problem, const CLI::App& app) {
    const CLI::App& command = innermost(app);
    // Words that nothing was found for come before all other complaints: a typing error in a command's
    // name would else be reported as a missing command.
    if (const std::vector<std::string> unknown = app.remaining(true); !unknown.empty())
        return unknown_word(unknown.front(), command);
    return problem.what();
}

std::string find_empty_value(const CLI::App& app, std::span<const char* const> typed) {
    const auto complain = [](const std::string& name) {
        return name + " is empty; leave it out, or give it a value";
    };
    const CLI::App& innermost_command = innermost(app);
    // The parser takes the word behind `--name=` for the value.
    for (const std::string_view word : typed) {
        if (word == "--")
            break;
        const std::string name{word.substr(0, word.find('='))};
        if (word.starts_with("--") && word.size() == name.size() + 1 &&
            innermost_command.get_option_no_throw(name) != nullptr)
            return complain(name);
    }
    for (const CLI::App* command = &innermost_command; command != nullptr; command = command->get_parent())
        for (const CLI::Option* each : command->get_options())
            if (std::ranges::find(each->results(), "") != each->results().end())
                return complain(each->get_name());
    return {};
}

} // namespace outreachd::command_line
