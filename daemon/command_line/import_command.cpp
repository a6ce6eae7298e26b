/// Checks the file, uploads it, starts the import, and stays with it.
#include "daemon/command_line/import_command.hpp"

#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/followed_work.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/outreach/batch.hpp"
#include "daemon/outreach/csv_header.hpp"
#include "daemon/outreach/csv_import.hpp"
#include "daemon/settings/bounded_file.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "handlers/outreach/json_api.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <set>
#include <utility>

namespace outreachd::command_line {

namespace {

using namespace handlers::outreach;

/// Outreach takes 100,000 records.
constexpr std::size_t file_bytes_max = 256UL * 1024 * 1024;
constexpr std::chrono::minutes upload_timeout{10};

struct planned_import {
    outreach::import_plan what;
    std::string csv;
    std::string hash;
    std::string problem;        ///< Why it can't be sent. Empty: it can.
    bool is_unreadable = false; ///< The problem is a file that can't be read.
};

/// `account` and `accounts` are the same; empty for anything else.
std::string plural_of(const std::string& type) {
    for (const char* const known : {"accounts", "prospects"})
        if (type == known || type + "s" == known)
            return known;
    return {};
}

/// Empty, or what is wrong: a column that isn't there would be left out without a word.
std::string read_mappings(const import_options& options, const std::vector<std::string>& columns,
                          outreach::import_plan& into) {
    const std::vector<std::string_view> known(columns.begin(), columns.end());
    std::set<std::string> taken;
    for (const std::string& each : options.mappings) {
        // A field has no `=`; a column's title may.
        const std::size_t equals = each.rfind('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == each.size())
            return "'" + each + "' is no COLUMN=FIELD, as in --map 'Company Name=name'";
        std::string column = each.substr(0, equals);
        if (std::find(columns.begin(), columns.end(), column) == columns.end())
            return options.file + " has no column '" + column + "'" + settings::suggestion(column, known);
        if (std::count(columns.begin(), columns.end(), column) > 1)
            return options.file + " has several columns '" + column + "'";
        for (const std::string& name : {"column " + column, "field " + each.substr(equals + 1)})
            if (!taken.insert(name).second)
                return "the " + name + " is mapped twice";
        into.mappings.emplace_back(std::move(column), each.substr(equals + 1));
    }
    return into.mappings.empty() ? "no column is mapped to a field: give --map COLUMN=FIELD" : "";
}

planned_import plan(const import_options& options) {
    planned_import made;
    made.what.plural = plural_of(options.type);
    if (made.what.plural.empty()) {
        made.problem = "'" + options.type + "' can't be imported; give accounts or prospects";
        return made;
    }
    static constexpr const char* methods[] = {"skip", "missing", "overwrite"};
    if (std::find(std::begin(methods), std::end(methods), options.dupe_method) == std::end(methods)) {
        made.problem =
            "'" + options.dupe_method + "' is no way with duplicates; give skip, missing or overwrite";
        return made;
    }
    made.what.dupe_method = options.dupe_method;
    made.what.file_name = std::filesystem::path{options.file}.filename().string();
    auto file = settings::read_file(options.file, file_bytes_max, settings::file_kind::stream);
    made.csv = std::move(file.text);
    made.problem = std::move(file.problem);
    made.is_unreadable = !made.problem.empty();
    if (made.is_unreadable)
        return made;
    const auto columns = outreach::read_csv_header(made.csv);
    if (!columns)
        made.problem = options.file + " has no header line that can be read as CSV";
    else if (!outreach::has_csv_rows(made.csv))
        made.problem = options.file + " has nothing behind its header line";
    else
        made.problem = read_mappings(options, *columns, made.what);
    if (auto hash = outreach::upload_hash(options.hash, made.csv))
        made.hash = std::move(*hash);
    else if (made.problem.empty())
        made.problem = "'" + options.hash + "' is no form of hash; give hex, base64 or =VALUE";
    return made;
}

/// One import, from its upload to where the user leaves it.
class import_run {
public:
    import_run(outreach_session& session, const import_options& options, const planned_import& planned,
               const streams& to)
        : session_(session), options_(options), planned_(planned), to_(to) {}

    int run() {
        progress_line progress{to_};
        if (interrupt_watch::is_interrupted())
            return give_up(progress);
        progress.show("asking for a place to upload to");
        const api_answer link_answer = session_.send(outreach::link_request());
        if (!link_answer.is_success())
            return fail(progress, link_answer);
        const auto link = outreach::read_upload_link(link_answer.body);
        if (!link)
            return fail(progress, "Outreach answered without a place to upload to");
        if (interrupt_watch::is_interrupted())
            return give_up(progress);
        progress.show("uploading " + std::to_string(planned_.csv.size()) + " bytes");
        if (const std::string problem = outreach::upload(session_.access().transport(), *link, planned_.csv,
                                                         session_.access().base_url(),
                                                         std::chrono::steady_clock::now() + upload_timeout);
            !problem.empty())
            return fail(progress, problem);
        if (interrupt_watch::is_interrupted())
            return give_up(progress);
        progress.show("having it checked");
        const api_answer check_answer =
            session_.send(outreach::check_request(link->storage_key, planned_.hash));
        if (!check_answer.is_success()) {
            const int code = fail(progress, check_answer);
            if (check_answer.status == 422)
                to_.err << "outreachd: if it is about the hash: --hash gives another form of it\n";
            return code;
        }
        const auto checked = outreach::read_checked_upload(check_answer.body);
        if (!checked)
            return fail(progress, "Outreach answered without the number of records");
        if (interrupt_watch::is_interrupted())
            return give_up(progress);
        progress.show("starting the import of " + checked->records + " records");
        const api_answer started =
            session_.send(outreach::start_request(planned_.what, link->storage_key, *checked));
        if (!started.is_success())
            return fail(progress, started);
        if (!take(started))
            return fail(progress, "Outreach answered without an import");
        if (!options_.is_followed && !import_.has_ended()) {
            progress.end();
            return show_started(checked->records);
        }
        return follow_to_end(progress);
    }

private:
    int fail(progress_line& progress, const std::string& why) const {
        progress.end();
        to_.err << "outreachd: " << printable(why) << '\n';
        return exit_code::failed;
    }

    int fail(progress_line& progress, const api_answer& said) const {
        progress.end();
        return session_.report(said);
    }

    /// Before the import is started.
    int give_up(progress_line& progress) const {
        progress.end();
        to_.err << "outreachd: interrupted; nothing was imported\n";
        return exit_code::interrupted;
    }

    bool take(const api_answer& said) {
        auto read = outreach::read_import(said.body);
        if (!read)
            return false;
        import_ = std::move(*read);
        text_ = resource_line(said.body);
        return true;
    }

    int follow_to_end(progress_line& progress) {
        const api_answer said =
            follow(session_, outreach::import_request(import_.id), [&](const api_answer& look) {
                take(look);
                progress.show(state_words());
                return import_.has_ended();
            });
        progress.end();
        if (said.is_success() && import_.has_ended())
            return show_end();
        to_.err << "outreachd: import " << printable(import_.id)
                << " goes on at Outreach; to see it: outreachd api GET /imports/" << printable(import_.id)
                << '\n';
        return session_.report(said);
    }

    std::string state_words() const {
        return "import " + import_.id + ": " + import_.state + ", " +
               counted(static_cast<double>(import_.total), "record") + ", " +
               counted(static_cast<double>(import_.dupes), "duplicate") + ", " +
               counted(static_cast<double>(import_.failures), "failure");
    }

    int show_started(const std::string& records) {
        if (options_.is_json)
            to_.out << R"({"import":)" << text_ << "}\n";
        else
            to_.out << "import " << printable(import_.id) << " of " << printable(records)
                    << " records has started\nto see how far it is: outreachd api GET /imports/"
                    << printable(import_.id) << '\n';
        return exit_code::ok;
    }

    /// An import's failures are items of its batches.
    failure_list find_failures(std::vector<std::string>& batches) {
        page_walk pages{session_.client(), outreach::import_batches_request(import_.id)};
        while (const auto page = session_.next(pages)) {
            if (!page->is_success())
                return {.items = {}, .exit_code = session_.report(*page)};
            const auto document = read_json(page->body);
            const auto* const list = document ? find_member(*document, {"data"}) : nullptr;
            if (list != nullptr && list->is_array())
                for (const auto& each : list->get_array())
                    batches.push_back(resource_id(each));
        }
        return read_failures(session_, batches);
    }

    int show_end() {
        std::vector<std::string> batches;
        const failure_list failures = import_.is_clean() ? failure_list{} : find_failures(batches);
        if (options_.is_json) {
            to_.out << R"({"import":)" << text_ << R"(,"failures":)" << to_json_array(failures.items)
                    << "}\n";
        } else {
            to_.out << printable(state_words()) << '\n';
            if (!import_.error_reason.empty())
                to_.out << "  " << printable(import_.error_reason) << '\n';
            show_failures(failures, batches.empty() ? "" : batches.back(), to_.out);
        }
        if (failures.exit_code != exit_code::ok)
            return failures.exit_code;
        return import_.is_clean() ? exit_code::ok : exit_code::failed;
    }

    outreach_session& session_;
    const import_options& options_;
    const planned_import& planned_;
    const streams& to_;
    outreach::import_state import_;
    std::string text_; ///< The import as JSON.
};

} // namespace

int import_file(const std::string& config_path, const import_options& options, const streams& to) {
    const planned_import planned = plan(options);
    if (!planned.problem.empty())
        return refuse_input(planned.problem, planned.is_unreadable, to);
    const auto [session, code] = outreach_session::open(config_path, to);
    if (!session)
        return code;
    return import_run{*session, options, planned, to}.run();
}

} // namespace outreachd::command_line
