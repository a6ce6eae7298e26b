/// CLI11's home, with command_line, daemon_commands and outreach_commands.
#include "daemon/command_line/parse_complaint.hpp"

#include "daemon/settings/nearest_name.hpp"
#include "daemon/text/alternatives.hpp"

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

/// The options of a command, and of those around it.
std::vector<const CLI::Option*> options_around(const CLI::App& command) {
    std::vector<const CLI::Option*> all = command.get_options();
    if (command.get_parent() != nullptr)
        for (const CLI::Option* each : options_around(*command.get_parent()))
            all.push_back(each);
    return all;
}

std::string wrong_number(const CLI::ArgumentMismatch& problem, const CLI::App& command) {
    std::string text = problem.what();
    const CLI::Option* blamed = nullptr; // -c is an option of each
    for (const CLI::Option* each : options_around(command))
        if (text.starts_with(each->get_name() + ": ") && (blamed == nullptr || each->count() > 1))
            blamed = each;
    if (blamed == nullptr)
        return text;
    if (blamed->count() > 1)
        return blamed->get_name() + " is given more than once, and only one can be meant";
    return blamed->get_name() + " needs a value behind it: " + blamed->get_type_name();
}

/// All other values are texts, or have been checked for what they are.
std::string value_of_flag(const CLI::ConversionError& problem, const CLI::App& command) {
    std::string text = problem.what();
    for (const CLI::Option* each : options_around(command))
        if (each->get_items_expected_max() == 0 && text.find(each->get_name() + " = ") != std::string::npos)
            return each->get_name() + " takes no value";
    return text;
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
    if (command.get_require_subcommand_min() > 0 && command.get_subcommands().empty() &&
        dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr) {
        const std::vector<std::string> commands = commands_of(command);
        return "a command is missing: " +
               alternatives(std::vector<std::string_view>(commands.begin(), commands.end()));
    }
    if (const auto* const mismatch = dynamic_cast<const CLI::ArgumentMismatch*>(&problem))
        return wrong_number(*mismatch, command);
    if (const auto* const conversion = dynamic_cast<const CLI::ConversionError*>(&problem))
        return value_of_flag(*conversion, command);
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
    for (const CLI::Option* each : options_around(innermost_command))
        if (std::ranges::find(each->results(), "") != each->results().end())
            return complain(each->get_name());
    return {};
}

} // namespace outreachd::command_line
