/// The keys of a handler that runs a program.
#include "daemon/settings/environment.hpp"
#include "daemon/settings/expressions.hpp"
#include "daemon/settings/find_program.hpp"
#include "daemon/settings/program_variables.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/text/expression_end.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <system_error>

namespace outreachd::settings {

namespace {

/// EX_TEMPFAIL of sysexits.h.
constexpr std::uint8_t try_again_status = 75;

/// May hold expressions, several lines, or nothing at all.
std::optional<std::string> read_any_text(const value_ref& value) {
    if (value.node.type == yaml_node::kind::scalar) {
        const expanded_text expanded = expand_environment(value.node.text);
        if (expanded.problem.empty() && expanded.text.empty())
            return std::string{};
    }
    return read_template(value, lines::many);
}

/// Which program runs is the operator's choice alone.
std::optional<std::string> read_program_name(const value_ref& value) {
    if (value.node.type == yaml_node::kind::scalar && has_expression(value.node.text)) {
        value.error("holds an expression; which program runs can't depend on the event");
        return std::nullopt;
    }
    auto name = read_text(value);
    if (!name)
        return std::nullopt;
    if (name->find('/') == std::string::npos || (name->starts_with('/') && !name->ends_with('/')))
        return name;
    value.error(in_quotes(*name) + " is neither an absolute path nor the name of a program in PATH");
    return std::nullopt;
}

void read_command(const section_reader& section, std::vector<std::string>& into) {
    const auto command =
        section.require("command", "the program and its arguments, as in [/usr/local/bin/sync, --fast]");
    if (!command)
        return;
    if (command->node.type == yaml_node::kind::scalar) {
        command->error("should be a list, the program first and each argument by itself, as in "
                       "[/usr/local/bin/sync, --fast]; no shell takes it apart");
        return;
    }
    const auto elements = section.list("command");
    if (command->node.type == yaml_node::kind::sequence && elements.empty())
        command->error("is an empty list; give the program and its arguments");
    for (const value_ref& element : elements) {
        auto text = &element == &elements.front() ? read_program_name(element) : read_any_text(element);
        if (text)
            into.push_back(std::move(*text));
    }
}

/// Whether a variable may have that name and value; says why not.
bool is_usable_variable(const value_ref& value, const std::string& name) {
    if (std::ranges::find(delivery_variables, name) != std::end(delivery_variables)) {
        value.error("is set by the daemon for each delivery; take another name");
        return false;
    }
    if (name == "PATH" && value.node.type == yaml_node::kind::scalar && has_expression(value.node.text)) {
        value.error("holds an expression; which program runs can't depend on the event");
        return false;
    }
    return true;
}

void read_variables(const section_reader& section, std::vector<exec_variable>& into) {
    const auto env = section.find("env");
    if (!env || !expect_map(*env))
        return;
    std::set<std::string> names;
    for (const yaml_entry& entry : env->node.entries) {
        const yaml_node& name = *entry.key;
        if (name.type != yaml_node::kind::scalar || !is_variable_name(name.text)) {
            env->found.error(
                env->key, name.where,
                (name.type == yaml_node::kind::scalar ? in_quotes(name.text) : "this key") +
                    " is no name for an environment variable: letters, digits and '_', no digit first");
            continue;
        }
        if (!names.insert(name.text).second) {
            env->found.error(env->key, name.where, in_quotes(name.text) + " is given twice");
            continue;
        }
        const value_ref value{env->found, env->key + "." + name.text, *entry.value};
        env->found.place(value.key, value.node.where);
        if (is_usable_variable(value, name.text))
            if (auto text = read_any_text(value))
                into.push_back({name.text, std::move(*text)});
    }
}

void read_directory(const section_reader& section, std::string& into) {
    const auto cwd = section.find("cwd");
    if (!cwd)
        return;
    auto path = read_text(*cwd);
    if (!path)
        return;
    if (!path->starts_with('/')) {
        cwd->error(in_quotes(*path) + " is not an absolute path; it should begin with '/'");
        return;
    }
    if (std::error_code unknown; !std::filesystem::is_directory(*path, unknown))
        cwd->warning(in_quotes(*path) +
                     " is not a directory now; until it is, deliveries fail and are tried again");
    into = std::move(*path);
}

void read_dead_on(const section_reader& section, std::vector<std::uint8_t>& into) {
    constexpr range<std::uint64_t> statuses{1, 255};
    for (const value_ref& element : section.list("dead_on")) {
        const auto status = read_whole_number(element, statuses);
        if (status && *status == try_again_status)
            element.error("'75' is how a program says that it wants to be run again later; leave it out");
        else if (status)
            into.push_back(static_cast<std::uint8_t>(*status));
    }
}

/// The PATH that the program will see.
std::string search_path_of(const exec_handler& read) {
    for (const exec_variable& one : read.env)
        if (one.name == "PATH")
            return one.value;
    const char* const own = std::getenv("PATH");
    return own != nullptr ? own : std::string{search_path_default};
}

/// It may be installed later, or be there for the service alone.
void check_program_is_there(const section_reader& section, const exec_handler& read) {
    const std::string key = section.key_of("command");
    if (read.command.empty() || !section.found().is_sound(key + "[0]"))
        return;
    const std::string& name = read.command.front();
    const found_program found = find_program(name, search_path_of(read));
    if (found.error == 0)
        return;
    section.found().warning(
        key, section.found().where(key + "[0]"),
        in_quotes(name) + " can't be run now: " + std::generic_category().message(found.error) +
            (name.find('/') == std::string::npos ? " in PATH, " + in_quotes(search_path_of(read)) : "") +
            "; until it can, deliveries fail and are tried again");
}

} // namespace

exec_handler read_exec_handler(const section_reader& section) {
    exec_handler read;
    read_command(section, read.command);
    read_directory(section, read.cwd);
    read_variables(section, read.env);
    if (const auto value = section.find("stdin"))
        read.stdin_text = read_any_text(*value);
    read_dead_on(section, read.dead_on);
    check_program_is_there(section, read);
    return read;
}

} // namespace outreachd::settings
