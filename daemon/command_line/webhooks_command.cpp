/// Makes Outreach's webhooks what the configuration says.
#include "daemon/command_line/webhooks_command.hpp"

#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/help_text.hpp"
#include "daemon/command_line/outreach_session.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/typed_text.hpp"
#include "daemon/outreach/webhook_set.hpp"

#include <boost/json/serialize.hpp>

#include <chrono>
#include <functional>
#include <ostream>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using handlers::outreach::api_answer;
using outreach::applied_plan;
using outreach::webhook;
using outreach::webhook_plan;

/// As long as somebody may wait for an hourly limit.
constexpr auto patience = 65min;

int fail(const std::string& problem, api_answer::kind failed_as, const streams& to) {
    const bool is_interrupted = interrupt_watch::is_interrupted();
    if (!is_interrupted || failed_as != api_answer::kind::later) // not the wait that was ended
        to.err << "outreachd: " << printable(problem) << '\n';
    if (is_interrupted) {
        to.err << "outreachd: interrupted\n";
        return exit_code::interrupted;
    }
    const int code = outreach_session::exit_code_of(failed_as);
    return code == exit_code::usage ? exit_code::failed : code; // Requests are ours, and not typed.
}

json::object to_json(const webhook& one) {
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? json::value{} : json::value{text};
    };
    return {{"id", one.id},
            {"url", one.url},
            {"resource", one.resource},
            {"action", one.action},
            {"active", one.is_active},
            {"payload_version", one.payload_version},
            {"disabled_reason", text_or_null(one.disabled_reason)},
            {"disabled_since", text_or_null(one.disabled_since)}};
}

const char* name_of(outreach::change_kind kind) {
    switch (kind) {
    case outreach::change_kind::create:
        return "create";
    case outreach::change_kind::update:
        return "update";
    case outreach::change_kind::remove:
        break;
    }
    return "delete";
}

json::object to_json(const webhook_plan& plan) {
    json::array changes;
    for (const outreach::webhook_change& one : plan.changes)
        changes.push_back(json::object{{"change", name_of(one.kind)},
                                       {"id", one.id.empty() ? json::value{} : json::value{one.id}},
                                       {"event", one.wanted.event()},
                                       {"url", one.wanted.url},
                                       {"why", json::array(one.why.begin(), one.why.end())}});
    return {{"changes", std::move(changes)},
            {"remarks", json::array(plan.remarks.begin(), plan.remarks.end())}};
}

std::string state_of(const webhook& one) {
    if (!one.disabled_reason.empty())
        return "suspended: " + one.disabled_reason;
    return one.is_active ? "active" : "inactive";
}

/// A line each: the texts are Outreach's, so control characters are shown.
void show_plan(const webhook_plan& plan, std::ostream& out) {
    const std::string text = outreach::to_text(plan);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        out << printable(text.substr(at, end - at)) << '\n';
        at = end + 1;
    }
}

bool is_yes(const std::string& answer) {
    return answer == "y" || answer == "Y" || answer == "yes";
}

bool may_go_on() {
    return !interrupt_watch::is_interrupted();
}

bool is_agreed(const streams& to) {
    if (!to.is_interactive) {
        to.err << "outreachd: nobody to ask; --yes makes these changes\n";
        return false;
    }
    to.err << "Make these changes? [y/N] " << std::flush;
    const auto answer = read_line(to.in, std::chrono::steady_clock::now() + question_timeout);
    if (!answer)
        to.err << '\n';
    return answer && is_yes(*answer);
}

outreach::webhook_set make_set(outreach_session& by, const webhooks_options& options) {
    const settings::settings& configured = by.loaded();
    return {by.client(),          configured.store.directory, by.configured(),
            *configured.webhooks, options.includes_others,    may_go_on};
}

steady_time deadline() {
    return std::chrono::steady_clock::now() + patience;
}

} // namespace

int list_webhooks(const std::string& config_path, const webhooks_options& options, const streams& to) {
    const auto [session, code] = outreach_session::open(config_path, to, settings::scope::outreach);
    if (!session)
        return code;
    const outreach::webhook_list found = outreach::list_webhooks(session->client(), deadline(), may_go_on);
    if (!found.problem.empty())
        return fail(found.problem, found.failed_as, to);
    if (options.is_json) {
        json::array all;
        for (const webhook& one : found.all)
            all.push_back(to_json(one));
        to.out << json::serialize(all) << '\n';
        return exit_code::ok;
    }
    if (found.all.empty()) {
        to.out << "Outreach has no webhook that this login may see\n";
        return exit_code::ok;
    }
    std::vector<std::vector<std::string>> rows;
    for (const webhook& one : found.all)
        rows.push_back({one.id, one.event(), state_of(one), std::to_string(one.payload_version), one.url});
    write_columns(to.out, {{"WEBHOOK"}, {"EVENT"}, {"STATE", column::side::left, 60}, {"PAYLOAD"}, {"URL"}},
                  rows);
    return exit_code::ok;
}

int plan_webhooks(const std::string& config_path, const webhooks_options& options, const streams& to) {
    const auto [session, code] = outreach_session::open(config_path, to, settings::scope::webhooks);
    if (!session)
        return code;
    const applied_plan planned = make_set(*session, options).plan(deadline());
    if (!planned.problem.empty())
        return fail(planned.problem, planned.failed_as, to);
    if (options.is_json) {
        to.out << json::serialize(to_json(planned.plan)) << '\n';
    } else {
        show_plan(planned.plan, to.out);
        if (planned.plan.is_empty())
            to.out << "nothing to change\n";
    }
    return planned.plan.is_empty() ? exit_code::ok : exit_code::would_change;
}

int apply_webhooks(const std::string& config_path, const webhooks_options& options, const streams& to) {
    const auto [session, code] = outreach_session::open(config_path, to, settings::scope::webhooks);
    if (!session)
        return code;
    bool is_declined = false;
    const auto confirm = [&](const webhook_plan& plan) {
        show_plan(plan, to.err);
        is_declined = !options.is_sure && !is_agreed(to);
        return !is_declined;
    };
    const applied_plan applied = make_set(*session, options).apply(deadline(), confirm);
    if (options.is_json) {
        json::object told = to_json(applied.plan);
        told["done"] = applied.done;
        to.out << json::serialize(told) << '\n';
    } else if (applied.plan.is_empty() && applied.problem.empty()) {
        to.out << "nothing to change\n";
    } else if (applied.done > 0) {
        to.out << applied.done << " of " << applied.plan.changes.size() << " changes made\n";
    }
    if (!applied.problem.empty())
        return fail(applied.problem, applied.failed_as, to);
    if (is_declined && interrupt_watch::is_interrupted()) {
        to.err << "outreachd: interrupted; nothing has changed\n";
        return exit_code::interrupted;
    }
    return is_declined ? exit_code::failed : exit_code::ok;
}

std::vector<runnable> add_webhooks_commands(CLI::App& app, webhooks_options& into,
                                            std::vector<std::string>& configs, const streams& to) {
    std::vector<runnable> all;
    CLI::App* const group =
        add_command(app, "webhooks", "Make Outreach's webhooks what the configuration says",
                    help_text::webhooks, configs);
    group->require_subcommand(1);
    const auto add = [&](const char* name, const char* description, std::string_view footer, auto run) {
        CLI::App* const command = add_command(*group, name, description, footer, configs);
        command->add_flag("--json", into.is_json, "Print JSON");
        all.push_back({command, [&into, &to, run](const std::string& path) { return run(path, into, to); }});
        return command;
    };
    const auto add_all = [&](CLI::App& command) {
        command.add_flag("--all", into.includes_others,
                         "Also change webhooks to that URL that somebody else made");
    };
    add("list", "List all webhooks at Outreach", help_text::webhooks_list, list_webhooks);
    add_all(*add("plan", "Show what apply would change", help_text::webhooks_plan, plan_webhooks));
    CLI::App* const applied =
        add("apply", "Create, update and delete webhooks", help_text::webhooks_apply, apply_webhooks);
    add_all(*applied);
    applied->add_flag("--yes", into.is_sure, "Don't ask");
    return all;
}

} // namespace outreachd::command_line
