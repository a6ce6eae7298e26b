/// The commands that talk to the running daemon.
#include "daemon/command_line/daemon_commands.hpp"

#include "daemon/command_line/help_text.hpp"
#include "daemon/command_line/status_command.hpp"

namespace outreachd::command_line {

namespace {

void add_filters(CLI::App& command, list_options& into, const std::string& since,
                 const std::string& handler) {
    command.add_option("--since", into.since, since)->type_name("T");
    command.add_option("--handler", into.handler, handler)->type_name("NAME");
    command.add_option("--name", into.name, "Only those of that name: task.completed, or a glob, 'task.*'")
        ->type_name("NAME");
    command.add_option("--resource", into.resource, "Only those of a resource: task, or task:330021")
        ->type_name("TYPE[:ID]");
}

void add_list_options(CLI::App& command, list_options& into, const std::string& since,
                      const std::string& handler) {
    command.add_option("--limit", into.limit, "At most N of them (1 to 1000; 50)")->type_name("N");
    command.add_option("--before", into.before, "Only those older than that one")->type_name("ID");
    add_filters(command, into, since, handler);
    command.add_flag("--json", into.is_json, "Print a JSON array");
}

void add_json(CLI::App& command, daemon_arguments& into) {
    command.add_flag("--json", into.is_json, "Print a JSON object");
}

CLI::Option* add_id(CLI::App& command, std::string& into, const std::string& what) {
    return command.add_option("ID", into, what)->type_name("");
}

/// What all of these have in common.
struct builder {
    daemon_arguments& into;
    std::vector<std::string>& configs;
    const streams& to;
    std::vector<runnable> all;

    CLI::App* group(CLI::App& app, const std::string& name, const std::string& description,
                    std::string_view footer) {
        CLI::App* const added = add_command(app, name, description, footer, configs);
        added->require_subcommand(1);
        return added;
    }

    template <typename Run>
    CLI::App* add(CLI::App& app, const std::string& name, const std::string& description,
                  std::string_view footer, Run run) {
        CLI::App* const added = add_command(app, name, description, footer, configs);
        all.push_back({added, std::move(run)});
        return added;
    }
};

void add_events(CLI::App& app, builder& with) {
    daemon_arguments& into = with.into;
    const streams& to = with.to;
    CLI::App* const events =
        with.group(app, "events", "List events, show what became of one, or have them delivered again",
                   help_text::events);
    CLI::App* const listed =
        with.add(*events, "list", "List the events that were received", help_text::events_list,
                 [&](const std::string& path) { return list_events(path, into.list, to); });
    add_list_options(
        *listed, into.list,
        "Only those received since then: 90s, 10m, 2h, 7d or RFC 3339,\nin UTC where it names no zone",
        "Only those with a delivery to that handler");
    listed
        ->add_option("--state", into.list.state,
                     "Only those that are pending, published, done, dead,\nunrouted or discarded")
        ->type_name("STATE");
    CLI::App* const shown =
        with.add(*events, "show", "Show the whole story of one event", help_text::events_show,
                 [&](const std::string& path) { return show_event(path, into.id, into.is_json, to); });
    add_id(*shown, into.id, "The event's id, as `events list` shows it")->required();
    add_json(*shown, into);
    CLI::App* const replayed =
        with.add(*events, "replay", "Route events again, and deliver them anew", help_text::events_replay,
                 [&](const std::string& path) { return replay_events(path, into.id, into.replayed, to); });
    add_id(*replayed, into.id, "The event's id, as `events list` shows it");
    add_filters(*replayed, into.replayed,
                "All received since then: 90s, 10m, 2h, 7d or RFC 3339,\nin UTC where it names no zone",
                "To that handler alone");
    replayed
        ->add_option("--cursor", into.replayed.cursor, "Go on where a replay was cut off, as that has said")
        ->type_name("CURSOR");
}

void add_dead(CLI::App& app, builder& with) {
    daemon_arguments& into = with.into;
    const streams& to = with.to;
    CLI::App* const dead =
        with.group(app, "dead", "List, show, replay or discard dead deliveries", help_text::dead);
    CLI::App* const listed =
        with.add(*dead, "list", "List the deliveries that were given up", help_text::dead_list,
                 [&](const std::string& path) { return list_dead(path, into.dead_list, to); });
    add_list_options(
        *listed, into.dead_list,
        "Only those that died since then: 90s, 10m, 2h, 7d or RFC 3339,\nin UTC where it names no zone",
        "Only those to that handler");
    CLI::App* const shown =
        with.add(*dead, "show", "Show why one delivery is dead, and each attempt at it", help_text::dead_show,
                 [&](const std::string& path) { return show_dead(path, into.id, into.is_json, to); });
    add_id(*shown, into.id, "The delivery's id, as `dead list` shows it")->required();
    add_json(*shown, into);

    const auto add_change = [&](const char* name, const char* description, std::string_view footer,
                                auto run) {
        CLI::App* const changed = with.add(*dead, name, description, footer, run);
        add_id(*changed, into.dead.id, "The delivery's id, as `dead list` shows it");
        changed->add_flag("--all", into.dead.is_all, "All dead deliveries");
        add_filters(
            *changed, into.dead.narrowed,
            "Only those that died since then: 90s, 10m, 2h, 7d or RFC 3339,\nin UTC where it names no zone",
            "Only those to that handler");
        return changed;
    };
    add_change("replay", "Try dead deliveries again", help_text::dead_replay,
               [&](const std::string& path) { return replay_dead(path, into.dead, to); })
        ->add_flag("--from-start", into.dead.is_from_start,
                   "Do the steps again, too, that have succeeded already");
    add_change("discard", "Give dead deliveries up", help_text::dead_discard,
               [&](const std::string& path) { return discard_dead(path, into.dead, to); });
}

void add_quarantine(CLI::App& app, builder& with) {
    daemon_arguments& into = with.into;
    const streams& to = with.to;
    CLI::App* const quarantine = with.group(
        app, "quarantine", "Look at requests whose signature fitted no secret", help_text::quarantine);
    CLI::App* const listed =
        with.add(*quarantine, "list", "List what is in quarantine", help_text::quarantine_list,
                 [&](const std::string& path) { return list_quarantine(path, into.quarantine, to); });
    listed->add_option("--limit", into.quarantine.limit, "At most N of them (1 to 1000; 50)")->type_name("N");
    listed->add_option("--before", into.quarantine.before, "Only those older than that one")->type_name("ID");
    listed->add_flag("--json", into.quarantine.is_json, "Print a JSON array");
    CLI::App* const shown =
        with.add(*quarantine, "show", "Show one request", help_text::quarantine_show,
                 [&](const std::string& path) { return show_quarantined(path, into.id, into.is_json, to); });
    add_id(*shown, into.id, "The request's id, as `quarantine list` shows it")->required();
    add_json(*shown, into);
    with.add(*quarantine, "recheck", "Check all again, with the secrets the daemon has now",
             help_text::quarantine_recheck,
             [&](const std::string& path) { return recheck_quarantine(path, to); });
    CLI::App* const discarded =
        with.add(*quarantine, "discard", "Throw one request away", help_text::quarantine_discard,
                 [&](const std::string& path) { return discard_quarantined(path, into.id, to); });
    add_id(*discarded, into.id, "The request's id, as `quarantine list` shows it")->required();
}

void add_backfill(CLI::App& app, builder& with) {
    backfill_options& into = with.into.backfill;
    const streams& to = with.to;
    CLI::App* const added =
        with.add(app, "backfill", "Fetch what changed at Outreach while nobody listened", help_text::backfill,
                 [&](const std::string& path) { return backfill(path, into, to); });
    added
        ->add_option("--since", into.since,
                     "What changed since then: 90s, 10m, 2h, 7d or RFC 3339,\nin UTC where it names no zone")
        ->type_name("T");
    added->add_option("--resources", into.resources, "Only those, as in event names: task,sequenceState")
        ->type_name("NAMES");
    added->add_flag("--dry-run", into.is_dry_run, "Only show what is missing");
    added->add_flag("--force", into.is_forced, "Also further back than the store remembers");
    added->add_flag("--json", into.is_json, "Print a JSON object");
}

} // namespace

std::vector<runnable> add_daemon_commands(CLI::App& app, daemon_arguments& into,
                                          std::vector<std::string>& configs, const streams& to) {
    builder with{into, configs, to, {}};
    CLI::App* const asked =
        with.add(app, "status", "Show what is running, queue depths, the last errors", help_text::status,
                 [&](const std::string& path) { return status(path, into.is_json, to); });
    add_json(*asked, into);
    add_events(app, with);
    add_dead(app, with);
    add_quarantine(app, with);
    add_backfill(app, with);
    return std::move(with.all);
}

} // namespace outreachd::command_line
