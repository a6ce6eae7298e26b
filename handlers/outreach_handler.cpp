/// The `outreach` handler: calls the Outreach REST API, step by step.
#include "handlers/outreach_handler.hpp"

#include "daemon/event/trace_parent.hpp"
#include "daemon/expression/event_view.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/json_members.hpp"
#include "handlers/http_url.hpp"
#include "handlers/outreach/json_text.hpp"
#include "handlers/outreach/page_walk.hpp"
#include "handlers/outreach/step_journal.hpp"
#include "handlers/outreach/user_agent.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace outreachd::handlers {

namespace {

using namespace outreach;

constexpr std::size_t answer_bytes_max = 16UL * 1024 * 1024;
/// Of the pages of one list together, and of what the elements of a `for_each` give: it is one record of
/// the store, in a commit that acks wait for.
constexpr std::size_t list_bytes_max = 16UL * 1024 * 1024;
/// Of one list: an attempt begins it anew, and gets no further than the hourly limit.
constexpr std::size_t list_pages_max = 1'000;

http_rules rules_elsewhere() {
    http_rules rules;
    rules.body_bytes_kept = rules.body_bytes_max = answer_bytes_max;
    return rules;
}

std::vector<std::string> fingerprints_of(const std::vector<step_form>& forms) {
    std::vector<std::string> all;
    all.reserve(forms.size());
    for (const step_form& one : forms)
        all.push_back(one.fingerprint());
    return all;
}

/// Of each step's requests. By a step's number one that came to stand in its place would send what its server
/// has answered, and be answered by that.
std::vector<std::string> request_names_of(const std::vector<std::string>& fingerprints) {
    std::vector<std::string> names;
    names.reserve(fingerprints.size());
    for (auto each = fingerprints.begin(); each != fingerprints.end(); ++each)
        names.push_back(*each + '#' + std::to_string(std::count(fingerprints.begin(), each, *each)));
    return names;
}

std::vector<step_form> make_forms(const settings::outreach_handler& configured) {
    std::vector<step_form> forms;
    forms.reserve(configured.steps.size());
    for (std::size_t number = 0; number < configured.steps.size(); ++number)
        forms.emplace_back(configured.steps[number], number, configured.allow_hosts);
    return forms;
}

outcome end_by(step_fault fault) {
    return fault.is_transient ? outcome::retry(std::move(fault.problem))
                              : outcome::dead(std::move(fault.problem));
}

/// Unless the step has its own.
void add_header(step_request& to, const char* name, std::string value) {
    const bool is_there = std::any_of(to.headers.begin(), to.headers.end(),
                                      [&](const header& one) { return is_same_in_any_case(one.name, name); });
    if (!is_there)
        to.headers.push_back({name, std::move(value)});
}

class outreach_handler final : public handler {
public:
    outreach_handler(const settings::outreach_handler& configured, std::shared_ptr<access> shared,
                     client_hooks hooks, std::shared_ptr<expression::engine> expressions,
                     request_stand_in stand_in)
        : steps_(make_forms(configured)), fingerprints_(fingerprints_of(steps_)),
          request_names_(request_names_of(fingerprints_)), shared_(std::move(shared)),
          expressions_(std::move(expressions)), stand_in_(std::move(stand_in)),
          elsewhere_(rules_elsewhere()) {
        if (shared_)
            client_.emplace(*shared_, caller::worker, std::move(hooks));
    }

    outcome handle(const attempt& what) override {
        run one{*this, what, step_journal{what.done_so_far, fingerprints_},
                what.deadline - std::chrono::steady_clock::now()};
        return one.all_steps();
    }

    void wind_down(steady_time from) override { gives_back_from_ = from; }

private:
    bool gives_back() const { return std::chrono::steady_clock::now() >= gives_back_from_.load(); }

    /// One attempt.
    class run {
    public:
        run(outreach_handler& of, const attempt& what, step_journal journal, steady_time::duration timeout)
            : of_(of), what_(what), journal_(std::move(journal)), timeout_(timeout) {}

        outcome all_steps() {
            // By its number alone another step would count as done, and one that is done be done again.
            if (const auto changed = journal_.changed_step())
                return outcome::dead(
                    "the steps were changed since this delivery began: " + of_.steps_[*changed].title() +
                    " isn't the one that was done; put them back, or replay it with "
                    "--from-start, which does all of them again");
            for (std::size_t number = 0; number < of_.steps_.size(); ++number) {
                if (journal_.result(number) != nullptr)
                    continue;
                if (of_.gives_back())
                    return given_back();
                if (auto end = one_step(number))
                    return std::move(*end);
            }
            return outcome::done();
        }

    private:
        std::optional<outcome> one_step(std::size_t number) {
            const step_form& step = of_.steps_[number];
            if (journal_.list(number) == nullptr) {
                const auto wanted = step.is_wanted(*of_.expressions_, view());
                if (!wanted.value)
                    return end_by(wanted.fault);
                if (!*wanted.value) {
                    journal_.finish(number, "null");
                    return std::nullopt;
                }
            }
            if (step.is_list())
                return each_element(number);
            step_outcome said = send(step, view(), of_.request_names_[number]);
            if (!said.result)
                return std::move(said.end);
            journal_.finish(number, kept_result(step, std::move(*said.result)));
            return std::nullopt;
        }

        /// An attempt goes on with the list of the first one, behind the elements that are done.
        std::optional<outcome> each_element(std::size_t number) {
            const step_form& step = of_.steps_[number];
            if (journal_.list(number) == nullptr) {
                auto found = step.elements(*of_.expressions_, view());
                if (!found.value)
                    return end_by(std::move(found.fault));
                journal_.begin_list(number, std::move(*found.value));
            }
            const std::vector<std::string>& elements = *journal_.list(number);
            std::size_t bytes = 0;
            for (const std::string& one : journal_.element_results(number))
                bytes += one.size();
            expression::view seen = view(); // what earlier steps gave may be long, and stays the same
            for (;;) {
                // Looked at behind what is kept, so that no element is sent again for it.
                if (bytes > list_bytes_max)
                    return outcome::dead(step.title() +
                                         ": the answers to its elements are longer than 16 MiB together; ask "
                                         "for fewer fields, or give the step no name");
                const std::size_t at = journal_.element_results(number).size();
                if (at == elements.size())
                    break;
                if (of_.gives_back())
                    return given_back();
                seen.item = elements[at];
                step_outcome said =
                    send(step, seen, of_.request_names_[number] + '.' + std::to_string(at + 1));
                if (!said.result)
                    return std::move(said.end);
                std::string result = kept_result(step, std::move(*said.result));
                bytes += result.size();
                journal_.finish_element(number, std::move(result));
            }
            journal_.finish(number, join_results(journal_.element_results(number)));
            return std::nullopt;
        }

        /// Between two requests: what is done is recorded, and the next attempt goes on behind it.
        static outcome given_back() {
            return outcome::give_back("the daemon ended, or the handler was changed, before all was done");
        }

        /// What nobody can ask for needn't be kept.
        static std::string kept_result(const step_form& step, std::string result) {
            return step.configured().name.empty() ? "null" : std::move(result);
        }

        expression::view view() const {
            expression::view seen = expression::view_of(*what_.subject);
            json_members results;
            for (std::size_t number = 0; number < of_.steps_.size(); ++number)
                if (const std::string& name = of_.steps_[number].configured().name; !name.empty())
                    if (const std::string* const result = journal_.result(number))
                        results.raw(name, *result);
            seen.steps = std::move(results).finish();
            return seen;
        }

        /// `request` is its name within the delivery, the same at each attempt.
        step_outcome send(const step_form& step, const expression::view& seen, const std::string& request) {
            auto made = step.request(*of_.expressions_, seen);
            if (!made.value)
                return {std::nullopt, end_by(std::move(made.fault))};
            // One for all would have a server that heeds it answer the second by what it said to the first.
            add_header(*made.value, "Idempotency-Key", to_string(request_id(what_.delivery, request)));
            add_header(*made.value, trace_parent_name, make_trace_parent(*what_.subject));
            if (of_.stand_in_)
                if (auto said = of_.stand_in_(step, *made.value))
                    return std::move(*said);
            step_outcome said = step.configured().is_elsewhere
                                    ? send_elsewhere(step, std::move(*made.value))
                                    : send_to_outreach(step, std::move(*made.value));
            if (!said.result)
                said.end.reason = step.title() + ": " + said.end.reason;
            return said;
        }

        step_outcome send_to_outreach(const step_form& step, step_request made) {
            api_request request{std::move(made.method), std::move(made.target), std::move(made.body),
                                std::move(made.headers)};
            if (step.configured().paginate)
                return read_pages(step, std::move(request));
            return judge_step(of_.client_->send(request, request_deadline()), step.configured(), wall_now());
        }

        /// All pages as one document: the first with every page's resources.
        step_outcome read_pages(const step_form& step, api_request request) {
            page_walk pages{*of_.client_, std::move(request), list_pages_max};
            std::string data;
            std::string included;
            std::size_t bytes = 0;
            while (auto page = pages.next(request_deadline())) {
                if (!page->is_success())
                    return judge_step(std::move(*page), step.configured(), wall_now());
                bytes += page->body.size();
                if (bytes > list_bytes_max)
                    return {std::nullopt,
                            outcome::dead("the list's pages are longer than 16 MiB together; narrow it "
                                          "with a filter, or with fields")};
                for (const auto& [into, key] : {std::pair{&data, "data"}, std::pair{&included, "included"}})
                    for (const std::string_view one : element_texts(member_text(page->body, key)))
                        into->append(into->empty() ? "" : ",").append(one);
                if (of_.gives_back() && !pages.next_target().empty())
                    return {std::nullopt, given_back()};
            }
            json_members whole;
            whole.raw("data", "[" + data + "]");
            whole.raw("included", "[" + included + "]");
            return {std::move(whole).finish(), {}};
        }

        step_outcome send_elsewhere(const step_form& step, step_request made) {
            const http_url url = read_http_url(made.target);
            add_header(made, "User-Agent", std::string{user_agent});
            if (made.body)
                add_header(made, "Content-Type", "application/json");
            http_request request{made.method, made.target, std::move(made.headers), {}, request_deadline()};
            if (made.body)
                request.body = *made.body;
            request.is_repeatable = made.method == "GET" || made.method == "PUT";
            const std::string& shown = step.configured().hides_path ? url.origin : url.shown;
            return judge_step_elsewhere(of_.elsewhere_.send(request), step.configured(),
                                        made.method + " " + shown, wall_now());
        }

        /// `timeout` is for each request: a list of hundreds takes as long as it takes.
        steady_time request_deadline() const { return std::chrono::steady_clock::now() + timeout_; }

        outreach_handler& of_;
        const attempt& what_;
        step_journal journal_;
        const steady_time::duration timeout_;
    };

    const std::vector<step_form> steps_;
    const std::vector<std::string> fingerprints_;  ///< Of the steps.
    const std::vector<std::string> request_names_; ///< Of the steps, too.
    const std::shared_ptr<access> shared_;
    const std::shared_ptr<expression::engine> expressions_;
    const request_stand_in stand_in_; ///< May be null.
    std::optional<client> client_;    ///< Thread-safe. Nothing: no step calls Outreach itself.
    http_transport elsewhere_;
    std::atomic<steady_time> gives_back_from_ = steady_time::max();
};

} // namespace

std::unique_ptr<handler> make_outreach_handler(const settings::outreach_handler& configured,
                                               std::shared_ptr<access> shared, client_hooks hooks,
                                               std::shared_ptr<expression::engine> expressions,
                                               request_stand_in stand_in) {
    return std::make_unique<outreach_handler>(configured, std::move(shared), std::move(hooks),
                                              std::move(expressions), std::move(stand_in));
}

} // namespace outreachd::handlers
