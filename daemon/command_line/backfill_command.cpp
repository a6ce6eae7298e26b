#include "daemon/command_line/backfill_command.hpp"

#include "daemon/admin/event_query.hpp"
#include "daemon/command_line/ask_daemon.hpp"
#include "daemon/command_line/columns.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/followed_work.hpp"
#include "daemon/command_line/interrupt.hpp"
#include "daemon/command_line/json_fields.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/text/percent_encode.hpp"

#include <boost/json/value.hpp>

#include <ostream>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

constexpr const char* place = "/api/backfill";

std::string target_of(const backfill_options& options) {
    std::string target = std::string{place} + "?since=" + percent_encode(options.since);
    if (!options.resources.empty())
        target += "&resources=" + percent_encode(options.resources);
    if (options.is_dry_run)
        target += "&dry_run=true";
    if (options.is_forced)
        target += "&force=true";
    return target;
}

double sum_of(const json::value& answer, std::string_view what) {
    double sum = 0;
    for (const json::value& one : list_at(answer, "resources"))
        sum += number_at(one, what);
    return sum;
}

std::string progress_text(const json::value& answer) {
    std::string text = counted(sum_of(answer, "listed"), "record") + " changed, " +
                       counted(sum_of(answer, "missing"), "event") + " missing so far";
    if (const std::string waits_for = text_at(answer, "waits_for"); !waits_for.empty())
        text += "; waiting: " + printable(waits_for);
    return text;
}

std::string result_of(const json::value& resource) {
    if (std::string problem = text_at(resource, "problem"); !problem.empty())
        return problem;
    return fact_at(resource, "done") ? "compared" : "not finished";
}

bool has_problem(const json::value& answer) {
    for (const json::value& one : list_at(answer, "resources"))
        if (!fact_at(one, "done"))
            return true;
    return false;
}

void show_missing(const json::value& answer, std::ostream& out) {
    const json::array& missing = list_at(answer, "missing");
    if (missing.empty())
        return;
    std::vector<std::vector<std::string>> rows;
    for (const json::value& one : missing)
        rows.push_back({text_at(one, "resource"), text_at(one, "id"), text_at(one, "updated_at")});
    out << '\n';
    write_columns(out, {{"MISSING"}, {"ID"}, {"UPDATED"}}, rows);
    if (const double all = sum_of(answer, "missing"); all > static_cast<double>(rows.size()))
        out << "and " << counted(all - static_cast<double>(rows.size()), "other") << '\n';
}

void show(const json::value& answer, std::ostream& out) {
    if (list_at(answer, "resources").empty()) {
        out << "no backfill has run since the daemon was started, or its configuration of Outreach changed\n";
        return;
    }
    const bool is_dry_run = fact_at(answer, "dry_run");
    std::vector<std::vector<std::string>> rows;
    for (const json::value& one : list_at(answer, "resources"))
        rows.push_back({text_at(one, "resource"), text_at(one, "listed"), text_at(one, "missing"),
                        is_dry_run ? "" : text_at(one, "stored"), result_of(one)});
    out << "since " << printable(text_at(answer, "since")) << (is_dry_run ? ", dry run" : "") << '\n';
    write_columns(out,
                  {{"RESOURCE"},
                   {"CHANGED", column::side::right},
                   {"MISSING", column::side::right},
                   {"STORED", column::side::right},
                   {"RESULT", column::side::left, 200}},
                  rows);
    if (is_dry_run)
        show_missing(answer, out);
    out << "Deletions, and values that were overwritten meanwhile, can't be seen this way.\n";
}

} // namespace

int backfill(const std::string& config_path, const backfill_options& options, const streams& to) {
    if (!options.since.empty() && !admin::parse_since(options.since, wall_now()))
        return refuse_usage(
            "--since is '" + options.since +
                "'; it is a time such as 2026-11-21T08:22:55Z, or how long ago, such as 2h or 7d",
            to);
    json::value last;
    const auto look = [&last](const json::value& answer) { last = answer; };
    question next{config_path, place};
    if (!options.since.empty())
        next = {config_path, target_of(options), false, question::method::post};
    else if (!options.resources.empty() || options.is_dry_run || options.is_forced)
        return refuse_usage("from when on? Give --since, as in --since 2h", to);
    int code = ask_daemon(next, to, look);
    const std::string run = text_at(last, "started_at");
    {
        const interrupt_watch signals;
        progress_line line{to};
        outreach::poll_pace pace;
        while (code == exit_code::ok && fact_at(last, "running") && !options.since.empty() &&
               text_at(last, "started_at") == run) {
            line.show(progress_text(last));
            if (!interrupt_watch::sleep_until(std::chrono::steady_clock::now() + pace.next())) {
                line.end();
                to.err << "the backfill goes on; `outreachd backfill` shows how far it is\n";
                return exit_code::interrupted;
            }
            code = ask_daemon({config_path, place}, to, look);
        }
    }
    if (code != exit_code::ok)
        return code;
    if (!options.since.empty() && text_at(last, "started_at") != run) {
        to.err << "the run was cut off, or another one has followed it: `outreachd backfill` shows that one, "
                  "and the "
                  "daemon's log what became of this one\n";
        return exit_code::failed;
    }
    if (options.is_json)
        code = ask_daemon({config_path, place, true}, to, look);
    else if (fact_at(last, "running"))
        to.out << progress_text(last) << '\n';
    else
        show(last, to.out);
    return code == exit_code::ok && !fact_at(last, "running") && has_problem(last) ? exit_code::failed : code;
}

} // namespace outreachd::command_line
