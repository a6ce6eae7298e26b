/// Starts the batch, has it confirmed, and stays with it.
#include "daemon/command_line/bulk_command.hpp"

#include "daemon/command_line/api_request_words.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/filter_words.hpp"
#include "daemon/command_line/followed_work.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/spoken_count.hpp"
#include "daemon/command_line/typed_text.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/outreach/batch.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>

namespace outreachd::command_line {

namespace {

using namespace handlers::outreach;

struct planned_bulk {
    api_request request;
    std::string problem;        ///< Why it can't be sent. Empty: it can.
    bool is_unreadable = false; ///< The problem is a file that can't be read.
};

bool has_word(const std::vector<std::string>& words, std::string_view start) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& each) { return each.starts_with(start); });
}

/// Empty, or what is wrong.
std::string read_body(const bulk_options& options, int standard_input, std::optional<std::string>& into,
                      bool& is_unreadable) {
    if (options.data.empty())
        return {};
    if (options.data.size() > 1)
        return "--data is given twice";
    const data_text data = read_data(options.data.front(), standard_input, data_bytes_max);
    is_unreadable = !data.problem.empty();
    if (is_unreadable)
        return data.problem;
    into = outreach::bulk_document(data.text);
    return into ? "" : "--data is no JSON object: give the action's attributes";
}

planned_bulk plan(const bulk_options& options, int standard_input) {
    planned_bulk made;
    if (!outreach::is_action_name(options.action)) {
        made.problem = "'" + options.action + "' is no bulk action such as prospectsAddTags";
        return made;
    }
    query parameters = query::for_batch();
    std::optional<std::string> body;
    made.problem = add_filters(parameters, filter_use::bulk, options.filters);
    if (made.problem.empty())
        made.problem = add_action_parameters(parameters, options.action_parameters);
    if (made.problem.empty())
        made.problem = read_body(options, standard_input, body, made.is_unreadable);
    if (!made.problem.empty())
        return made;
    made.request = post(with_query("/batches/actions/" + options.action, parameters.text()), std::move(body));
    const bool is_for_all = outreach::is_unfiltered_bulk(made.request);
    if (is_for_all && !options.is_for_all)
        made.problem = "without a filter " + options.action +
                       " would touch every record; give --filter (or `ids` in --data), or --all";
    else if (!is_for_all && options.is_for_all)
        made.problem = "--all and a filter contradict each other";
    else if (!options.is_confirmed && has_word(options.action_parameters, "skipConfirmation="))
        made.problem = "skipConfirmation goes with --yes alone";
    return made;
}

/// One batch, from its start to where the user leaves it.
class bulk_run {
public:
    bulk_run(outreach_session& session, const bulk_options& options, const streams& to)
        : session_(session), options_(options), to_(to) {}

    int run(const api_request& start) {
        api_answer said = session_.send(start);
        if (!said.is_success()) {
            const int code = session_.report(said);
            if (said.what == api_answer::kind::lost)
                to_.err << "outreachd: see whether there is a new batch: outreachd api GET /batches\n";
            return code;
        }
        if (!take(said))
            return exit_code::failed;
        const auto until = std::chrono::steady_clock::now() + options_.count_timeout;
        const auto is_counted = [&] {
            return batch_.awaits_confirmation() || batch_.has_ended() ||
                   (!options_.is_followed &&
                    (!may_be_uncounted() || std::chrono::steady_clock::now() > until));
        };
        if (!is_counted())
            said = follow_until(is_counted);
        if (!said.is_success() || interrupt_watch::is_interrupted())
            return leave(said);
        if (batch_.awaits_confirmation()) {
            if (const int code = confirm(); code != exit_code::ok)
                return code;
        } else if (!options_.is_followed && may_be_uncounted()) {
            say_where_it_is();
            return exit_code::failed;
        }
        if (!options_.is_followed && !batch_.has_ended())
            return show_started();
        said = follow_until([&] { return batch_.has_ended(); });
        if (!said.is_success() || !batch_.has_ended())
            return leave(said);
        return show_end();
    }

private:
    /// What is `pending` has begun, or isn't counted yet and can't be confirmed before.
    bool may_be_uncounted() const {
        return batch_.state == "pending" && !has_word(options_.action_parameters, "skipConfirmation=true");
    }

    /// False where the answer holds no batch, which has been said.
    bool take(const api_answer& said) {
        auto read = outreach::read_batch(said.body);
        if (!read) {
            to_.err << "outreachd: Outreach answered without a batch\n";
            return false;
        }
        batch_ = std::move(*read);
        text_ = resource_line(said.body);
        return true;
    }

    template <typename IsOver>
    api_answer follow_until(IsOver is_over) {
        progress_line progress{to_};
        return follow(session_, outreach::batch_request(batch_.id), [&](const api_answer& said) {
            if (auto read = outreach::read_batch(said.body)) {
                batch_ = std::move(*read);
                text_ = resource_line(said.body);
            }
            progress.show(progress_words());
            return is_over();
        });
    }

    std::string progress_words() const {
        std::string words = "batch " + batch_.id + ": " + batch_.state;
        if (batch_.total > 0)
            words += ", " + std::to_string(batch_.total - std::min(batch_.pending, batch_.total)) + " of " +
                     std::to_string(batch_.total);
        if (batch_.failures > 0)
            words += ", " + counted(static_cast<double>(batch_.failures), "failure");
        return words;
    }

    int confirm() {
        const std::string what =
            options_.action + " on " +
            (batch_.confirm_count ? counted(static_cast<double>(*batch_.confirm_count), "record")
                                  : "records that Outreach hasn't counted");
        if (options_.is_confirmed)
            to_.err << "outreachd: " << printable(what) << '\n';
        else if (!is_agreed(what))
            return cancel();
        const api_answer said = session_.send(outreach::confirm_request(batch_));
        if (said.is_success())
            return exit_code::ok;
        if (said.what == api_answer::kind::lost) {
            // It may have arrived: the batch itself knows.
            const api_answer now = session_.send(outreach::batch_request(batch_.id));
            if (now.is_success() && take(now) && !batch_.awaits_confirmation())
                return exit_code::ok;
        }
        to_.err << "outreachd: batch " << printable(batch_.id) << " is not confirmed\n";
        return session_.report(said);
    }

    bool is_agreed(const std::string& what) {
        to_.err << printable(what) << ". Go on? [y/N] " << std::flush;
        // Where none comes the batch is canceled, since an old count is no count.
        const auto answer = read_line(to_.in, std::chrono::steady_clock::now() + question_timeout);
        if (!answer)
            to_.err << '\n';
        return answer && (answer->starts_with('y') || answer->starts_with('Y'));
    }

    int cancel() {
        const api_answer said = session_.send_once(outreach::cancel_request(batch_.id));
        if (!said.is_success())
            to_.err << "outreachd: batch " << printable(batch_.id)
                    << " could not be canceled and waits for a "
                    << "confirmation: " << printable(said.problem) << '\n';
        else
            to_.err << "outreachd: batch " << printable(batch_.id) << " is canceled; nothing has changed\n";
        return interrupt_watch::is_interrupted() ? exit_code::interrupted : exit_code::failed;
    }

    /// Where it can't be followed any further.
    int leave(const api_answer& said) {
        say_where_it_is();
        if (interrupt_watch::is_interrupted())
            return exit_code::interrupted;
        return session_.report(said);
    }

    void say_where_it_is() {
        const bool is_unconfirmed = batch_.awaits_confirmation() || may_be_uncounted();
        to_.err << "outreachd: batch " << printable(batch_.id)
                << (is_unconfirmed ? " may wait for a confirmation" : " goes on at Outreach")
                << "; to see it: outreachd api GET /batches/" << printable(batch_.id) << '\n';
    }

    int show_started() {
        if (options_.is_json)
            to_.out << R"({"batch":)" << text_ << "}\n";
        else
            to_.out << "batch " << printable(batch_.id) << " has started\nto see how far it is: "
                    << "outreachd api GET /batches/" << printable(batch_.id) << '\n';
        return exit_code::ok;
    }

    int show_end() {
        // A batch that counts no failure can have some (contract 9.12).
        const failure_list failures = batch_.is_clean() && batch_.summary.empty()
                                          ? failure_list{}
                                          : read_failures(session_, {batch_.id});
        if (options_.is_json) {
            to_.out << R"({"batch":)" << text_ << R"(,"failures":)" << to_json_array(failures.items) << "}\n";
        } else {
            to_.out << printable(progress_words()) << '\n';
            if (!batch_.summary.empty())
                to_.out << "  " << printable(batch_.summary) << '\n';
            show_failures(failures, batch_.id, to_.out);
        }
        if (failures.exit_code != exit_code::ok)
            return failures.exit_code;
        return batch_.is_clean() && failures.items.empty() ? exit_code::ok : exit_code::failed;
    }

    outreach_session& session_;
    const bulk_options& options_;
    const streams& to_;
    outreach::batch batch_;
    std::string text_; ///< The batch as JSON.
};

} // namespace

int run_bulk(const std::string& config_path, const bulk_options& options, const streams& to) {
    const planned_bulk planned = plan(options, to.in);
    if (!planned.problem.empty())
        return refuse_input(planned.problem, planned.is_unreadable, to);
    if (!options.is_confirmed && !to.is_interactive)
        return refuse_usage("nobody is here to confirm how many records it is about; give --yes", to);
    const auto [session, code] = outreach_session::open(config_path, to);
    if (!session)
        return code;
    return bulk_run{*session, options, to}.run(planned.request);
}

} // namespace outreachd::command_line
