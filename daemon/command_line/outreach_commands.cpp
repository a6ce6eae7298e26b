/// The commands that call Outreach.
#include "daemon/command_line/outreach_commands.hpp"

#include "daemon/command_line/outreach_help_text.hpp"

namespace outreachd::command_line {

namespace {

/// What all of these have in common.
struct outreach_builder {
    outreach_arguments& into;
    std::vector<std::string>& configs;
    const streams& to;
    std::vector<runnable> all;

    template <typename Run>
    CLI::App& add(CLI::App& app, const std::string& name, const std::string& description,
                  std::string_view footer, Run run) {
        CLI::App* const added = add_command(app, name, description, footer, configs);
        all.push_back({added, std::move(run)});
        return *added;
    }
};

/// A list of words, each with an option of its own: what stands behind it is no further one.
void add_words(CLI::App& command, const std::string& name, std::vector<std::string>& into,
               const std::string& type, const std::string& description) {
    command.add_option(name, into, description)
        ->type_name(type)
        ->expected(1)
        ->take_all()
        ->allow_extra_args(false);
}

void add_api(CLI::App& app, outreach_builder& with) {
    api_options& into = with.into.api;
    const streams& to = with.to;
    CLI::App& api = with.add(app, "api", "Call the Outreach REST API", help_text::api,
                             [&](const std::string& path) { return call_api(path, into, to); });
    api.add_option("METHOD", into.method, "GET, POST, PATCH or DELETE")->required()->type_name("");
    api.add_option("PATH", into.path, "What is called, as in /prospects/17")->required()->type_name("");
    add_words(api, "--filter", into.filters, "K=V", "Only those; may be given again");
    api.add_option("--include", into.include, "Related records too: account.owner,stage")->type_name("NAMES");
    add_words(api, "--fields", into.fields, "TYPE=NAMES",
              "Of each record of a type only these: prospect=firstName,emails");
    api.add_option("--sort", into.sort, "In that order: -updatedAt,id")->type_name("NAMES");
    api.add_option("--page-size", into.page_size, "Records of one page")
        ->type_name("N")
        ->check(whole_number(1, 1000));
    api.add_flag("--count", into.is_counting, "Count them all: meta.count");
    add_words(api, "--action-param", into.action_parameters, "K=V",
              "A parameter of an action; may be given again");
    add_words(api, "--data", into.data, "JSON|@FILE|-", "What is sent; `-` reads standard input");
    api.add_option("--jq", into.program, "Print a jq program's results, one a line")->type_name("PROGRAM");
    api.add_flag("--raw", into.is_raw, "Print those that are strings without quotes");
    api.add_flag("--paginate", into.is_paginated, "All pages, one record a line");
}

void add_auth(CLI::App& app, outreach_builder& with) {
    outreach_arguments& into = with.into;
    const streams& to = with.to;
    CLI::App* const auth = add_command(app, "auth", "Log in to Outreach, or see whether that is needed",
                                       help_text::auth, with.configs);
    auth->require_subcommand(1);
    CLI::App& login = with.add(*auth, "login", "Log in with a browser", help_text::auth_login,
                               [&](const std::string& path) { return log_in(path, into.login, to); });
    login.add_flag_callback(
        "--no-browser", [&into] { into.login.opens_browser = false; }, "Open none, only print the URL");
    CLI::App& status =
        with.add(*auth, "status", "Show who we are to Outreach, and for how long", help_text::auth_status,
                 [&](const std::string& path) { return show_login(path, into.is_json, to); });
    status.add_flag("--json", into.is_json, "Print a JSON object");
    CLI::App& install =
        with.add(*auth, "install", "Learn the install's id from a set-up token", help_text::auth_install,
                 [&](const std::string& path) { return set_up_install(path, into.setup_token, to); });
    install.add_option("TOKEN", into.setup_token, "`-` reads the set-up token; or the token itself")
        ->required()
        ->type_name("");
}

void add_bulk(CLI::App& app, outreach_builder& with) {
    bulk_options& into = with.into.bulk;
    const streams& to = with.to;
    CLI::App& bulk =
        with.add(app, "bulk", "Do something to many records of Outreach at once", help_text::bulk,
                 [&](const std::string& path) { return run_bulk(path, into, to); });
    bulk.add_option("ACTION", into.action, "The bulk action's name")->required()->type_name("");
    add_words(bulk, "--filter", into.filters, "K=V", "Only those; may be given again");
    add_words(bulk, "--data", into.data, "JSON|@FILE|-", "The action's attributes; `-` reads standard input");
    add_words(bulk, "--action-param", into.action_parameters, "K=V",
              "A further parameter; may be given again");
    bulk.add_flag("--all", into.is_for_all, "Every record there is, without a filter");
    bulk.add_flag("--yes", into.is_confirmed, "Go on, however many records it is about");
    bulk.add_flag("--wait", into.is_followed, "Stay with it to its end, and list what failed");
    bulk.add_flag("--json", into.is_json, "Print a JSON object");
}

void add_import(CLI::App& app, outreach_builder& with) {
    import_options& into = with.into.import;
    const streams& to = with.to;
    CLI::App& import =
        with.add(app, "import", "Import records into Outreach from a CSV file", help_text::import,
                 [&](const std::string& path) { return import_file(path, into, to); });
    import.add_option("TYPE", into.type, "accounts or prospects")->required()->type_name("");
    import.add_option("FILE", into.file, "A CSV file whose first line names its columns")
        ->required()
        ->type_name("");
    add_words(import, "--map", into.mappings, "COLUMN=FIELD", "What a column becomes; may be given again");
    import
        .add_option(
            "--dupe", into.dupe_method,
            "Of records that are there already: skip them, fill what is\nmissing, or overwrite (skip)")
        ->type_name("HOW");
    import
        .add_option("--hash", into.hash,
                    "How the file's SHA-512 is written: hex or base64; or `=VALUE`,\nas it is (hex)")
        ->type_name("FORM");
    import.add_flag("--wait", into.is_followed, "Stay with it to its end, and list what failed");
    import.add_flag("--json", into.is_json, "Print a JSON object");
}

} // namespace

std::vector<runnable> add_outreach_commands(CLI::App& app, outreach_arguments& into,
                                            std::vector<std::string>& configs, const streams& to) {
    outreach_builder with{into, configs, to, {}};
    add_auth(app, with);
    add_api(app, with);
    add_bulk(app, with);
    add_import(app, with);
    return std::move(with.all);
}

} // namespace outreachd::command_line
