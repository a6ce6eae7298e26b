#include "daemon/command_line/rehearse_command.hpp"

#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/interrupt.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/samples.hpp"
#include "daemon/command_line/send_plan.hpp"
#include "daemon/command_line/usage_refusal.hpp"
#include "daemon/dispatch/condition.hpp"
#include "daemon/dispatch/router.hpp"
#include "daemon/event/event_reader.hpp"
#include "handlers/http_url.hpp"
#include "handlers/outreach_handler.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <ostream>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;
using handlers::outreach::step_form;
using handlers::outreach::step_outcome;
using handlers::outreach::step_request;

const char* type_of(const settings::handler& handler) {
    static constexpr const char* names[] = {"log", "file", "http", "exec", "amqp", "outreach"};
    static_assert(std::size(names) == std::variant_size_v<decltype(handler.type)>);
    return names[handler.type.index()];
}

/// An event as it would be received.
std::shared_ptr<const event> make_event(const send_item& item, const settings::endpoint& endpoint) {
    auto made = std::make_shared<event>();
    made->received_at = wall_now();
    made->id = make_event_id(made->received_at);
    constexpr std::uint64_t sample_resource = 330'021;
    made->body = item.body ? *item.body
                           : sample_body(item.name, {.now = made->received_at,
                                                     .job = make_event_id(made->received_at),
                                                     .resource = sample_resource});
    made->facts = read_event(made->body);
    made->endpoint = endpoint.path;
    made->source = endpoint.source;
    made->content_type = "application/vnd.api+json";
    return made;
}

/// What Outreach would answer a POST or PATCH with, as far as anybody knows: what was sent, with an id.
std::string assumed_answer(const step_request& made) {
    boost::system::error_code ec;
    json::value sent = made.body ? json::parse(*made.body, ec) : json::value{};
    if (ec || !sent.is_object())
        return "null";
    if (json::value* const data = sent.as_object().if_contains("data"); data != nullptr && data->is_object())
        data->as_object().emplace("id", 0); // unless it is there
    return json::serialize(sent);
}

std::string end_without_handler(const event_facts& facts) {
    if (facts.name != unknown_event_name)
        return "it would be kept as unrouted";
    return std::string{facts.is_readable ? "its body doesn't say what it is" : "its body can't be read"} +
           ", and it would be dead at once: " + dispatch::unparsable_reason;
}

/// One event on its way.
class rehearsal {
public:
    /// `may_ask`: whether all is there that Outreach is asked with.
    rehearsal(const settings::settings& configured, settings::endpoint at, bool may_ask, const streams& to)
        : configured_(configured), at_(std::move(at)), to_(to), routes_(configured.routes),
          expressions_(std::make_shared<expression::engine>(1)) {
        if (configured.outreach && may_ask)
            shared_ = std::make_shared<handlers::outreach::access>(*configured.outreach,
                                                                   configured.store.directory);
    }

    /// False: a handler would not come to its end, or it can't be decided whether it is one's.
    bool show(const send_item& item) {
        using enum dispatch::condition_verdict::kind;
        const auto subject = make_event(item, at_);
        to_.out << printable(subject->facts.name) << '\n';
        bool is_fine = true;
        bool goes_somewhere = false;
        for (const settings::handler& one : configured_.handlers) {
            const dispatch::condition_verdict routed = judge(*subject, one.name);
            if (routed.said == unwanted)
                continue;
            goes_somewhere = true;
            to_.out << "  to " << one.name << " (" << type_of(one) << ")\n";
            if (routed.said == undecided) {
                to_.out << "    it would be " << (routed.is_transient ? "tried again: " : "dead: ")
                        << printable(routed.problem) << '\n';
                is_fine = false;
                continue;
            }
            if (const auto* const steps = std::get_if<settings::outreach_handler>(&one.type))
                is_fine = run(subject, one, *steps) && is_fine;
        }
        if (!goes_somewhere)
            to_.out << "  to no handler: " << end_without_handler(subject->facts) << '\n';
        return is_fine;
    }

private:
    dispatch::condition_verdict judge(const event& subject, const std::string& handler) {
        const auto conditions = routes_.conditions_of(subject.facts.name, handler);
        if (!conditions)
            return {dispatch::condition_verdict::kind::wanted, {}, false};
        if (conditions->empty())
            return {};
        return dispatch::judge_conditions(*conditions, subject, expressions_.get());
    }

    bool run(const std::shared_ptr<const event>& subject, const settings::handler& of,
             const settings::outreach_handler& steps) {
        if (!shared_) {
            to_.out << "    what it would send isn't known: a secret of outreach.auth can't be read here\n";
            return false;
        }
        const auto handler = handlers::make_outreach_handler(
            steps, shared_, {}, expressions_,
            [this](const step_form& step, const step_request& made) { return show_request(step, made); });
        const outcome end = handler->handle({.subject = subject,
                                             .delivery = delivery_id(subject->id, of.name),
                                             .number = 1,
                                             .deadline = std::chrono::steady_clock::now() + of.timeout});
        if (end.verdict == outcome::kind::done)
            return true;
        to_.out << "    it would end here: " << printable(end.reason) << '\n';
        return false;
    }

    std::optional<step_outcome> show_request(const step_form& step, const step_request& made) {
        const bool is_reading = made.method == "GET" && !step.configured().is_elsewhere;
        const std::string shown =
            step.configured().hides_path ? handlers::read_http_url(made.target).origin : made.target;
        to_.out << "    " << made.method << ' ' << printable(shown) << "  (" << printable(step.title())
                << (is_reading ? ", asked)" : ", not sent)") << '\n';
        if (made.body)
            to_.out << "      " << printable(*made.body) << '\n';
        if (is_reading)
            return std::nullopt;
        return step_outcome{assumed_answer(made), {}};
    }

    const settings::settings& configured_;
    const settings::endpoint at_; ///< Where the events would come in.
    const streams to_;
    const dispatch::router routes_;
    const std::shared_ptr<expression::engine> expressions_;
    std::shared_ptr<handlers::outreach::access> shared_; ///< Null: nothing can be asked.
};

} // namespace

int rehearse(const std::string& config_path, const send_options& options, const streams& to) {
    if (options.is_json || !options.url.empty() || !options.rate.empty() || options.count != 1)
        return refuse_usage("--dry-run sends nothing, and takes no --json, --url, --rate or --count", to);
    const settings::loaded loaded = load_whole(config_path);
    const bool is_wrong = std::ranges::any_of(loaded.errors, [](const settings::problem& one) {
        return !one.is_unreadable_secret; // the listener's are of no use here
    });
    if (is_wrong || loaded.settings.endpoints.empty()) {
        write_problems(loaded.errors, config_path, to.err);
        if (!is_wrong)
            to.err << config_path << ": a host that doesn't receive has no events to send\n";
        return exit_code::configuration;
    }
    // The endpoint would refuse a login without its secret, and the daemon's own with it.
    const std::vector<settings::problem> missing =
        loaded.settings.outreach && !loaded.errors.empty()
            ? settings::load_settings(config_path, settings::scope::outreach).errors
            : std::vector<settings::problem>{};
    write_missing_secrets(missing, config_path, to.err);
    const interrupt_watch signals;
    try {
        rehearsal all{loaded.settings, choose_endpoint(loaded.settings.endpoints, options.endpoint),
                      missing.empty(), to};
        bool is_fine = true;
        for (const send_item& item : resolve_items(options.what)) {
            is_fine = all.show(item) && is_fine;
            if (interrupt_watch::is_interrupted())
                return exit_code::interrupted;
        }
        return is_fine ? exit_code::ok : exit_code::failed;
    } catch (const usage_error& problem) {
        return refuse_usage(problem.what(), to);
    } catch (const std::runtime_error& problem) {
        to.err << "outreachd: " << printable(problem.what()) << '\n';
        return exit_code::failed;
    }
}

} // namespace outreachd::command_line
