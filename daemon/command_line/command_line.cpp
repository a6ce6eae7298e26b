/// Turns arguments into calls. CLI11's home, with parse_complaint, daemon_commands and outreach_commands.
#include "daemon/command_line/command_line.hpp"

#include "daemon/command_line/check_command.hpp"
#include "daemon/command_line/command_tree.hpp"
#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/daemon_commands.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/help_text.hpp"
#include "daemon/command_line/outreach_commands.hpp"
#include "daemon/command_line/parse_complaint.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/sandbox_command.hpp"
#include "daemon/command_line/send_command.hpp"
#include "daemon/command_line/webhooks_command.hpp"

#include <algorithm>
#include <iostream>
#include <span>

#include <poll.h>
#include <unistd.h>

namespace outreachd::command_line {

namespace {

/// Everything that can be typed, and where it ends up.
struct arguments {
    std::vector<std::string> configs; ///< As -c may stand at several places, but be meant only once.
    send_options send;
    sandbox_options sandbox;
    daemon_arguments daemon;
    webhooks_options webhooks;
    outreach_arguments outreach;
};

void add_send_options(CLI::App& command, send_options& into) {
    command.add_option("NAME|FILE", into.what, "Events to send: names, globs, `all`, or files")
        ->required()
        ->type_name("");
    command.add_option("--url", into.url, "Send there, instead of to the configured listener")
        ->type_name("URL");
    command.add_option("--endpoint", into.endpoint, "The configured endpoint, where there are several")
        ->type_name("PATH");
    command.add_option("--count", into.count, "Send each that many times, on one connection")
        ->type_name("N")
        ->check(whole_number(1, send_total_max));
    command
        .add_option("--rate", into.rate,
                    "Send N a second, however slow the answers are; times count\nfrom when each was due")
        ->type_name("N/s");
    command.add_option("--ca", into.ca_file, "Trust the certificates in this PEM file, not the system's")
        ->type_name("FILE");
    command.add_flag("--insecure", into.is_insecure, "Trust any certificate");
    command.add_flag(
        "--dry-run", into.is_dry_run,
        "Send nothing: show which handlers each would go to, and what\noutreach handlers would ask");
    command.add_flag("--json", into.is_json, "Print one JSON object");
}

void add_sandbox_options(CLI::App& command, sandbox_options& into) {
    command.add_option("--address", into.address, "Listen there; a loopback address (127.0.0.1)")
        ->type_name("IP");
    command.add_option("--port", into.port, "Listen at that port; 0 for a free one (8810)")
        ->type_name("N")
        ->check(whole_number(0, 65'535));
    command.add_flag("--empty", into.is_empty, "Begin with one user and no other records");
    command.add_option("--limit", into.limit, "So many requests in a window (10000)")
        ->type_name("N")
        ->check(whole_number(0, sandbox_limit_max));
    command.add_option("--limit-window", into.limit_window, "How long a window is (1h)")->type_name("TIME");
    command.add_option("--page-size", into.page_size, "Records of a page where none is asked for (50)")
        ->type_name("N")
        ->check(whole_number(1, sandbox_page_size_max));
    command
        .add_option("--access-token-life", into.access_token_life, "How long an access token is good (2h)")
        ->type_name("TIME");
    command
        .add_option("--refresh-token-life", into.refresh_token_life, "How long a refresh token is good (14d)")
        ->type_name("TIME");
    command.add_option("--grant-interval", into.grant_interval, "One grant of tokens in that time (60s)")
        ->type_name("TIME");
    command.add_flag("--ask", into.asks_consent, "Ask for consent on a page, instead of giving it");
    command.add_option("--s2s-key", into.s2s_key, "Take apps with that RSA public key (PEM) only, not any")
        ->type_name("FILE");
    command.add_option("--ca", into.ca_file, "Trust the certificates in this PEM file, not the system's")
        ->type_name("FILE");
    command.add_flag("--insecure", into.is_insecure, "Deliver webhooks to any certificate");
}

std::vector<runnable> add_commands(CLI::App& app, arguments& typed, const commands& given,
                                   const streams& to) {
    std::vector<runnable> all;
    CLI::App* const serve = add_command(app, "serve", "Run the daemon", help_text::serve, typed.configs);
    all.push_back({serve, [&](const std::string& path) { return given.serve(path); }});

    CLI::App* const checked =
        add_command(app, "check", "Check the configuration", help_text::check, typed.configs);
    all.push_back({checked, [&](const std::string& path) { return check(path, may_read_secrets(), to); }});

    CLI::App* const sent =
        add_command(app, "send", "Sign events and send them to the listener, as Outreach would",
                    help_text::send(), typed.configs);
    add_send_options(*sent, typed.send);
    all.push_back({sent, [&](const std::string& path) { return send(path, typed.send, to); }});

    CLI::App* const simulated = add_command(app, "sandbox", "Run a simulated Outreach on this machine",
                                            help_text::sandbox, typed.configs);
    add_sandbox_options(*simulated, typed.sandbox);
    all.push_back({simulated, [&](const std::string& /*path*/) { return run_sandbox(typed.sandbox, to); }});

    for (runnable& each : add_daemon_commands(app, typed.daemon, typed.configs, to))
        all.push_back(std::move(each));
    for (runnable& each : add_webhooks_commands(app, typed.webhooks, typed.configs, to))
        all.push_back(std::move(each));
    for (runnable& each : add_outreach_commands(app, typed.outreach, typed.configs, to))
        all.push_back(std::move(each));
    return all;
}

/// `outreachd events list`.
std::string full_name(const CLI::App& command) {
    const CLI::App* const parent = command.get_parent();
    return parent == nullptr ? command.get_name() : full_name(*parent) + ' ' + command.get_name();
}

int refuse(const std::string& why, const CLI::App& command, const streams& to) {
    to.err << "outreachd: " << printable(why) << "\nTry `" << full_name(command) << " --help`.\n";
    return exit_code::usage;
}

/// Whoever read a pipe has seen enough: no failure, and nobody to complain to.
bool is_reader_gone(const streams& to) {
    pollfd output{to.sink, POLLOUT, 0};
    return to.sink >= 0 && ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/// The exit code of a command that ended with `code`. Its output may be all that it was for.
int end_output(int code, const streams& to) {
    to.out << std::flush;
    if (to.out || is_reader_gone(to))
        return code;
    to.err << "outreachd: the output could not be written whole\n";
    return code == exit_code::ok || code == exit_code::would_change ? exit_code::failed : code;
}

int run_typed(int argc, const char* const* argv, const commands& given, const streams& to) {
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
    const std::span<const char* const> words{argv + std::min(argc, 1), argv + argc};

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        to.out << app.help();
        return exit_code::ok;
    } catch (const CLI::CallForVersion& version) {
        to.out << version.what() << '\n';
        return exit_code::ok;
    } catch (const CLI::ParseError& problem) {
        const std::string empty = find_empty_value(app, words);
        return refuse(empty.empty() ? describe(problem, app) : empty, innermost(app), to);
    }
    if (const std::string empty = find_empty_value(app, words); !empty.empty())
        return refuse(empty, innermost(app), to);
    if (typed.configs.size() > 1)
        return refuse("-c is given twice, and only one configuration file can be meant", innermost(app), to);
    const std::string path = configuration_path(typed.configs.empty() ? "" : typed.configs.front());
    for (const runnable& each : all) {
        if (each.command == &innermost(app))
            return each.run(path);
    }
    return exit_code::usage;
}

} // namespace

int run(int argc, const char* const* argv, const commands& given, const streams& to) {
    return end_output(run_typed(argc, argv, given, to), to);
}

int run(int argc, const char* const* argv, const commands& given) {
    return run(argc, argv, given,
               {.out = std::cout,
                .err = std::cerr,
                .is_terminal = ::isatty(STDERR_FILENO) == 1,
                .in = STDIN_FILENO,
                .is_interactive = ::isatty(STDERR_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1,
                .sink = STDOUT_FILENO});
}

} // namespace outreachd::command_line
