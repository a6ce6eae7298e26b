/// Makes the requests, reports the answers.
#include "daemon/command_line/send_command.hpp"

#include "daemon/command_line/configuration.hpp"
#include "daemon/command_line/exit_code.hpp"
#include "daemon/command_line/latency_summary.hpp"
#include "daemon/command_line/printable.hpp"
#include "daemon/command_line/rehearse_command.hpp"
#include "daemon/command_line/samples.hpp"
#include "daemon/command_line/send_plan.hpp"
#include "daemon/command_line/spoken_time.hpp"
#include "daemon/signature/verifier.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <ostream>
#include <random>
#include <utility>

namespace outreachd::command_line {

namespace {

namespace json = boost::json;

/// More lines than this nobody reads: then only those that weren't answered 200 are shown.
constexpr std::size_t lines_max = 50;

/// Makes the requests of a plan. Thread-safe.
class request_maker {
public:
    explicit request_maker(const send_plan& plan) : plan_(plan) {}

    outgoing_request make(std::size_t number) const {
        const send_item& item = plan_.items[number % plan_.items.size()];
        const wall_time now = wall_now();
        const sample_identity identity{
            .now = now, .job = make_event_id(now), .resource = first_resource_id_ + number};
        outgoing_request request;
        request.name = item.name;
        request.event_id = to_string(make_event_id(now));
        request.body = item.body ? *item.body : sample_body(item.name, identity);
        // A lifecycle delivery names itself where others name the webhook (contract 1.24).
        const bool is_lifecycle = item.name.starts_with("install.");
        request.headers = "Content-Type: application/vnd.api+json\r\nAccept: */*\r\n"
                          "User-Agent: outreachd-send/" OUTREACHD_VERSION "\r\nOutreach-Webhook-Id: " +
                          (is_lifecycle ? to_string(make_event_id(now)) : std::string{"7"}) +
                          "\r\nOutreach-Webhook-Event-Id: " + request.event_id +
                          "\r\nOutreach-Org-Id: " + organisation + "\r\n";
        if (!plan_.endpoint.secrets.empty())
            request.headers += "Outreach-Webhook-Signature: " +
                               signature::sign(plan_.endpoint.secrets.front(), request.body) + "\r\n";
        return request;
    }

private:
    static constexpr const char* organisation = "3c1f0f0e-8f0b-4a57-9f0e-2b9d5a6c7e10";

    const send_plan& plan_;
    /// Random, so that two runs speak of different records.
    std::uint64_t first_resource_id_ = 1'000'000 + std::random_device{}() % 1'000'000'000ULL;
};

/// What came of a run so far.
class tally {
public:
    tally(const send_plan& plan, const streams& to, bool is_json)
        : to_(to), is_json_(is_json), shows_all_(plan.how.total <= lines_max) {}

    void add(const sent_request& sent) {
        ++sent_;
        const http_answer& answer = sent.answer;
        const bool is_fine = answer.status == 200;
        if (!is_fine)
            ++failed_;
        if (answer.failure && answer.failure->what != http_failure::kind::no_answer)
            hopeless_ = answer.failure;
        else
            took_.push_back(sent.took);
        if (is_json_)
            add_json(sent);
        else if (!hopeless_ && (shows_all_ || (!is_fine && failed_ <= lines_max)))
            write_line(sent);
    }

    void write_summary() const {
        const latency_summary took = summarize(took_);
        if (is_json_) {
            json::object whole{{"sent", sent_}, {"accepted", sent_ - failed_}, {"failed", failed_}};
            whole["milliseconds"] = json::object{{"min", milliseconds(took.min)},
                                                 {"median", milliseconds(took.median)},
                                                 {"p99", milliseconds(took.p99)},
                                                 {"max", milliseconds(took.max)}};
            whole["requests"] = requests_;
            to_.out << json::serialize(whole) << '\n';
        } else if (sent_ > 1) {
            to_.out << sent_ << " sent, " << sent_ - failed_ << " answered 200, " << failed_ << " not; min "
                    << spoken_short(took.min) << ", median " << spoken_short(took.median) << ", p99 "
                    << spoken_short(took.p99) << ", max " << spoken_short(took.max) << '\n';
        }
    }

    bool has_failed() const noexcept { return failed_ != 0; }

    const std::optional<http_failure>& hopeless() const noexcept { return hopeless_; }

private:
    static double milliseconds(std::chrono::microseconds span) {
        return static_cast<double>(span.count()) / 1000;
    }

    void write_line(const sent_request& sent) {
        const std::string took = spoken_short(sent.took);
        to_.out << (sent.answer.failure ? "---" : std::to_string(sent.answer.status)) << "  "
                << std::string(took.size() < 9 ? 9 - took.size() : 0, ' ') << took << "  "
                << printable(sent.name) << "  (Outreach's event id " << sent.event_id << ")\n";
        if (sent.answer.failure)
            to_.err << "outreachd: " << printable(sent.answer.failure->text)
                    << "; Outreach would send it again. `outreachd status` and the log say why\n";
        else if (sent.answer.status == 401 && !std::exchange(has_explained_401_, true))
            to_.err
                << "outreachd: 401: the running daemon knows another secret for this endpoint; reload it if "
                   "the configuration or a secret's file has changed, and restart it if the secret is an "
                   "environment variable or a credential\n";
    }

    void add_json(const sent_request& sent) {
        json::object line{{"name", sent.name}, {"outreach_event_id", sent.event_id}};
        // Parentheses: a list in braces would make an array.
        line["status"] = sent.answer.failure ? json::value(nullptr) : json::value(sent.answer.status);
        line["milliseconds"] = milliseconds(sent.took);
        if (sent.answer.failure)
            line["error"] = sent.answer.failure->text;
        requests_.push_back(std::move(line));
    }

    streams to_;
    bool is_json_;
    bool shows_all_;
    std::size_t sent_ = 0;
    std::size_t failed_ = 0;
    bool has_explained_401_ = false;
    std::vector<std::chrono::microseconds> took_;
    std::optional<http_failure> hopeless_;
    json::array requests_;
};

void explain(const http_failure& failure, const send_plan& plan, std::ostream& err) {
    err << "outreachd: " << printable(failure.text);
    if (failure.what == http_failure::kind::not_connected)
        err << "; is the daemon running? (`outreachd serve`, or `systemctl status outreachd`)";
    else if (!plan.believed.is_insecure)
        err << "; --ca FILE trusts other certificates, --insecure any, and a listener with `tls: off` has an "
               "http:// URL";
    err << '\n';
}

} // namespace

int send(const std::string& config_path, const send_options& options, const streams& to) {
    if (options.is_dry_run)
        return rehearse(config_path, options, to);
    // A connection that is cut while it is written to is an answer like any other.
    std::signal(SIGPIPE, SIG_IGN);
    const auto configured = load_for_command(config_path, settings::scope::send, to.err);
    if (!configured)
        return exit_code::configuration;
    try {
        const send_plan plan = plan_send(configured->settings, options);
        const bool is_unsigned = plan.endpoint.unsigned_requests == settings::unsigned_policy::accept;
        if (plan.endpoint.secrets.empty() && !is_unsigned) {
            write_missing_secrets(configured->errors, config_path, to.err);
            return exit_code::configuration;
        }
        const tls_identity_check check{plan.believed};
        const request_maker maker{plan};
        tally results{plan, to, options.is_json};
        send_paced(
            plan.to, check, plan.how, [&](std::size_t number) { return maker.make(number); },
            [&](const sent_request& sent) { results.add(sent); });
        results.write_summary();
        if (results.hopeless()) {
            explain(*results.hopeless(), plan, to.err);
            return exit_code::unavailable;
        }
        return results.has_failed() ? exit_code::failed : exit_code::ok;
    } catch (const usage_error& problem) {
        to.err << "outreachd: " << printable(problem.what()) << '\n';
        return exit_code::usage;
    } catch (const std::runtime_error& problem) {
        to.err << "outreachd: " << printable(problem.what()) << '\n';
        return exit_code::failed;
    }
}

} // namespace outreachd::command_line
