/// CLI11's only home: turns arguments into calls.
#include "daemon/command_line/command_line.hpp"

#include "daemon/command_line/check_command.hpp"
#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/events_command.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/help_text.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/send_command.hpp"
#include "daemon/command_line/status_command.hpp"
#include "daemon/settings/nearest_name.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace outreachd::command_line {

namespace {

/// Everything that can be typed, and where it ends up.
struct arguments {
    std::vector<std::string> configs; ///< As -c may stand at several places, but be meant only once.
    send_options send;
    list_options list;
    bool is_status_json = false;
    std::string shown_id;
    bool is_show_json = false;
};

/// A command, and what runs it.
struct runnable {
    CLI::App* command;
    std::function<int(const std::string& config_path)> run;
};

CLI::App* add_command(CLI::App& to, const std::string& name, const std::string& description,
                      std::string_view footer, arguments& into) {
    CLI::App* const command = to.add_subcommand(name, description);
    command->group("Commands");
    command->footer(std::string{footer});
    command
        ->add_option_function<std::string>(
            "-c,--config", [&into](const std::string& path) { into.configs.push_back(path); },
            "The configuration file (else $OUTREACHD_CONFIG, else\n" +
                std::string{default_configuration_path} + ")")
        ->type_name("FILE");
    return command;
}

void add_send_options(CLI::App& command, send_options& into) {
    command.add_option("NAME|FILE", into.what, "Events to send: names, globs, `all`, or files")
        ->required()
        ->type_name("");
    command.add_option("--url", into.url, "Send there, instead of to the configured listener")
        ->type_name("URL");
    command.add_option("--endpoint", into.endpoint, "The configured endpoint, where there are several")
        ->type_name("PATH");
    command.add_option("--count", into.count, "Send each that many times, on one connection")->type_name("N");
    command
        .add_option("--rate", into.rate,
                    "Send N a second, however slow the answers are; times count\nfrom when each was due")
        ->type_name("N/s");
    command.add_option("--ca", into.ca_file, "Trust the certificates in this PEM file, not the system's")
        ->type_name("FILE");
    command.add_flag("--insecure", into.is_insecure, "Trust any certificate");
    command.add_flag("--json", into.is_json, "Print one JSON object");
}

void add_list_options(CLI::App& command, list_options& into) {
    command.add_option("--limit", into.limit, "At most N events (1 to 1000; 50)")->type_name("N");
    command.add_option("--before", into.before, "Only events older than that one")->type_name("ID");
    command.add_option("--since", into.since, "Only those received since then: 90s, 10m, 2h, 7d or RFC 3339")
        ->type_name("T");
    command
        .add_option("--state", into.state, "Only those that are pending, published, done, dead or unrouted")
        ->type_name("STATE");
    command.add_option("--handler", into.handler, "Only those with a delivery to that handler")
        ->type_name("NAME");
    command.add_option("--name", into.name, "Only those of that name, such as task.completed")
        ->type_name("NAME");
    command.add_option("--resource", into.resource, "Only those of a resource: task, or task:330021")
        ->type_name("TYPE[:ID]");
    command.add_flag("--json", into.is_json, "Print a JSON array");
}

std::vector<runnable> add_commands(CLI::App& app, arguments& typed, const commands& given,
                                   const streams& to) {
    std::vector<runnable> all;
    CLI::App* const serve = add_command(app, "serve", "Run the daemon", help_text::serve, typed);
    all.push_back({serve, [&](const std::string& path) { return given.serve(path); }});

    CLI::App* const checked = add_command(app, "check", "Check the configuration", help_text::check, typed);
    all.push_back({checked, [&](const std::string& path) { return check(path, may_read_secrets(), to); }});

    CLI::App* const sent =
        add_command(app, "send", "Sign events and send them to the listener, as Outreach would",
                    help_text::send(), typed);
    add_send_options(*sent, typed.send);
    all.push_back({sent, [&](const std::string& path) { return send(path, typed.send, to); }});

    CLI::App* const asked = add_command(app, "status", "Show what is running, queue depths, the last errors",
                                        help_text::status, typed);
    asked->add_flag("--json", typed.is_status_json, "Print a JSON object");
    all.push_back({asked, [&](const std::string& path) { return status(path, typed.is_status_json, to); }});

    CLI::App* const events =
        add_command(app, "events", "List events, or show what became of one", help_text::events, typed);
    events->require_subcommand(1);
    CLI::App* const listed =
        add_command(*events, "list", "List the events that were received", help_text::events_list, typed);
    add_list_options(*listed, typed.list);
    all.push_back({listed, [&](const std::string& path) { return list_events(path, typed.list, to); }});
    CLI::App* const shown =
        add_command(*events, "show", "Show the whole story of one event", help_text::events_show, typed);
    shown->add_option("ID", typed.shown_id, "The event's id, as `events list` shows it")
        ->required()
        ->type_name("");
    shown->add_flag("--json", typed.is_show_json, "Print a JSON object");
    all.push_back({shown, [&](const std::string& path) {
                       return show_event(path, typed.shown_id, typed.is_show_json, to);
                   }});
    return all;
}

/// The innermost command that was typed.
const CLI::App& innermost(const CLI::App& app) {
    const auto parsed = app.get_subcommands();
    return parsed.empty() ? app : innermost(*parsed.front());
}

/// `outreachd events list`.
std::string full_name(const CLI::App& command) {
    const CLI::App* const parent = command.get_parent();
    return parent == nullptr ? command.get_name() : full_name(*parent) + ' ' + command.get_name();
}

/// Words that nothing was found for come before all other complaints: a typing error in a command's
/// name would else be reported as a missing command.
std::string describe(const CLI::ParseError& problem, const CLI::App& app) {
    const CLI::App& command = innermost(app);
    const std::vector<std::string> unknown = app.remaining(true);
    if (unknown.empty())
        return problem.what();
    const std::string& word = unknown.front();
    std::vector<std::string> known;
    if (word.starts_with('-')) {
        for (const CLI::Option* each : command.get_options()) {
            for (const std::string& name : each->get_lnames())
                known.push_back("--" + name);
        }
    } else {
        for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; }))
            known.push_back(each->get_name());
    }
    const char* const what = word.starts_with('-') ? "option" : known.empty() ? "argument" : "command";
    const std::vector<std::string_view> names(known.begin(), known.end());
    return "unknown " + std::string{what} + " '" + word + "'" +
           settings::suggestion(word.substr(0, word.find('=')), names);
}

int refuse(const std::string& why, const CLI::App& command, const streams& to) {
    to.err << "outreachd: " << printable(why) << "\nTry `" << full_name(command) << " --help`.\n";
    return exit_code::usage;
}

} // namespace

int run(int argc, const char* const* argv, const commands& given, const streams& to) {
    arguments typed;
    CLI::App app{"outreachd receives Outreach webhooks, keeps them, and hands them to handlers.",
                 "outreachd"};
    app.set_version_flag("--version", "outreachd " OUTREACHD_VERSION, "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.add_option_function<std::string>(
           "-c,--config", [&typed](const std::string& path) { typed.configs.push_back(path); },
           "The configuration file; may also stand after the command\n(else $OUTREACHD_CONFIG, else " +
               std::string{default_configuration_path} + ")")
        ->type_name("FILE");
    app.footer(std::string{help_text::program});
    app.require_subcommand(1);
    app.get_formatter()->column_width(28);
    app.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app.get_formatter()->label("Positionals", "Arguments");
    app.get_formatter()->label("REQUIRED", "");
    const std::vector<runnable> all = add_commands(app, typed, given, to);

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        to.out << app.help();
        return exit_code::ok;
    } catch (const CLI::CallForVersion& version) {
        to.out << version.what() << '\n';
        return exit_code::ok;
    } catch (const CLI::ParseError& problem) {
        return refuse(describe(problem, app), innermost(app), to);
    }
    if (typed.configs.size() > 1)
        return refuse("-c is given twice, and only one configuration file can be meant", innermost(app), to);
    const std::string path = configuration_path(typed.configs.empty() ? "" : typed.configs.front());
    for (const runnable& each : all) {
        if (each.command == &innermost(app))
            return each.run(path);
    }
    return exit_code::usage;
}

int run(int argc, const char* const* argv, const commands& given) {
    return run(argc, argv, given, {std::cout, std::cerr});
}

} // namespace outreachd::command_line
