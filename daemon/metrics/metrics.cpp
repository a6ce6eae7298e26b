/// The daemon's metrics, kept by prometheus-cpp.
#include "daemon/metrics/metrics.hpp"

#include "daemon/metrics/children.hpp"
#include "daemon/metrics/event_names.hpp"
#include "daemon/metrics/process.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace outreachd::metrics {

namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::Registry;

constexpr std::array request_outcomes =
    std::to_array<std::string_view>({"accepted", "repeat", "unsigned", "bad_signature", "not_found",
                                     "bad_method", "too_large", "malformed", "reset"});
constexpr std::array delivery_outcomes = std::to_array<std::string_view>({"done", "retry", "dead"});

/// Dense where answers are expected (one flush of a disk) and around the 4.0 s at which we reset.
const Histogram::BucketBoundaries ack_seconds{0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1,
                                              0.25,   0.5,   1,     2,     3,     4,    4.5,  5};
/// From a line in a file to a slow program.
const Histogram::BucketBoundaries delivery_seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                   0.5,   1,      2.5,   5,    10,    30,   60,  120};

double seconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>{duration}.count();
}

prometheus::Family<Counter>& counter_family(Registry& in, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(in);
}

prometheus::Family<Histogram>& histogram_family(Registry& in, const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(in);
}

/// A counter for each known event name, in the order of the table, and one for all others.
std::vector<Counter*> event_counters(prometheus::Family<Counter>& family) {
    std::vector<Counter*> made;
    made.reserve(known_event_names.size() + 1);
    for (const std::string_view name : known_event_names)
        made.push_back(&family.Add({{"name", std::string{name}}}));
    made.push_back(&family.Add({{"name", std::string{other_event_name}}}));
    return made;
}

std::size_t event_index(std::string_view name) noexcept {
    static_assert(std::ranges::is_sorted(known_event_names));
    const auto* const found = std::ranges::lower_bound(known_event_names, name);
    if (found == known_event_names.end() || *found != name)
        return known_event_names.size();
    return static_cast<std::size_t>(std::distance(known_event_names.begin(), found));
}

prometheus::ClientMetric::Label parse_label(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos)
        return {};
    return {std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)}};
}

} // namespace

/// A gauge or counter that is asked for its value at each scrape.
struct metrics::asked_figure {
    prometheus::MetricType type;
    std::string name;
    std::string help;
    prometheus::ClientMetric::Label label; ///< Without a name: none.
    std::function<double()> read;

    asked_figure(prometheus::MetricType type_of, std::string_view own_name, std::string_view told,
                 std::string_view labelled, std::function<double()> by)
        : type(type_of), name("outreachd_" + std::string{own_name}), help(told), label(parse_label(labelled)),
          read(std::move(by)) {}

    prometheus::ClientMetric sample() const {
        prometheus::ClientMetric made;
        if (!label.name.empty())
            made.label.push_back(label);
        (type == prometheus::MetricType::Counter ? made.counter.value : made.gauge.value) = read();
        return made;
    }

    /// Its family in `families`, made where it isn't there.
    prometheus::MetricFamily& family_in(std::vector<prometheus::MetricFamily>& families) const {
        const auto found = std::ranges::find(families, name, &prometheus::MetricFamily::name);
        if (found != families.end())
            return *found;
        families.push_back({name, help, type, {}});
        return families.back();
    }
};

struct metrics::implementation {
    /// An endpoint or handler gets all its outcomes at once, so that rates are known from zero on.
    implementation()
        : requests([this](const std::string& endpoint, const std::string& outcome) -> Counter& {
              for (const std::string_view each : request_outcomes)
                  request_family.Add({{"endpoint", endpoint}, {"outcome", std::string{each}}});
              return request_family.Add({{"endpoint", endpoint}, {"outcome", outcome}});
          }),
          deliveries([this](const std::string& handler, const std::string& outcome) -> Counter& {
              for (const std::string_view each : delivery_outcomes)
                  delivery_family.Add({{"handler", handler}, {"outcome", std::string{each}}});
              return delivery_family.Add({{"handler", handler}, {"outcome", outcome}});
          }),
          delivery_durations([this](const std::string& handler, const std::string&) -> Histogram& {
              return delivery_duration_family.Add({{"handler", handler}}, delivery_seconds);
          }),
          api_requests([this](const std::string& status, const std::string&) -> Counter& {
              return api_request_family.Add({{"status", status}});
          }) {
        prometheus::BuildGauge()
            .Name("outreachd_build_info")
            .Help("1, with the version of the program.")
            .Register(registry)
            .Add({{"version", OUTREACHD_VERSION}})
            .Set(1);
    }

    Registry registry;
    prometheus::Family<Counter>& request_family = counter_family(
        registry, "outreachd_requests_total", "Requests, by endpoint and what became of them.");
    prometheus::Family<Counter>& delivery_family = counter_family(
        registry, "outreachd_deliveries_total", "Attempts to deliver, by handler and outcome.");
    prometheus::Family<Histogram>& delivery_duration_family = histogram_family(
        registry, "outreachd_delivery_seconds", "Duration of an attempt to deliver, by handler.");

    prometheus::Family<Counter>& api_request_family =
        counter_family(registry, "outreachd_api_requests_total",
                       "Requests to the Outreach API, by the status of the answer; none: there was none.");
    prometheus::Family<prometheus::Gauge>& api_remaining_family =
        prometheus::BuildGauge()
            .Name("outreachd_api_rate_limit_remaining")
            .Help("Requests to the Outreach API that are left until the limit is renewed, as last told.")
            .Register(registry);

    children<Counter> requests;
    children<Counter> deliveries;
    children<Histogram> delivery_durations;
    children<Counter> api_requests;

    Counter& refused_genuine =
        counter_family(registry, "outreachd_refused_genuine_total",
                       "Requests whose signature held and that were refused all the same; stays 0.")
            .Add({});
    Counter& stale =
        counter_family(registry, "outreachd_stale_total",
                       "Events older than the deduplication window when they came; taken all the same.")
            .Add({});
    Histogram& ack =
        histogram_family(
            registry, "outreachd_ack_seconds",
            "From accept, or the first byte on a kept connection, to the answer of a genuine event.")
            .Add({}, ack_seconds);
    std::vector<Counter*> events =
        event_counters(counter_family(registry, "outreachd_events_total", "Events taken, by name."));

    std::mutex asked_mutex;
    std::vector<asked_figure> asked;
};

metrics::metrics() : implementation_(std::make_shared<implementation>()) {}

metrics::~metrics() = default;

void metrics::add_endpoint(std::string_view path) {
    implementation_->requests.at(path, request_outcomes.front());
}

void metrics::add_handler(std::string_view name) {
    implementation_->deliveries.at(name, delivery_outcomes.front());
    implementation_->delivery_durations.at(name, {});
}

void metrics::count_request(std::string_view endpoint, std::string_view outcome) {
    implementation_->requests.at(endpoint, outcome).Increment();
}

void metrics::count_refused_genuine() {
    implementation_->refused_genuine.Increment();
}

void metrics::observe_ack(std::chrono::nanoseconds duration) {
    implementation_->ack.Observe(seconds(duration));
}

void metrics::count_event(std::string_view name) {
    implementation_->events[event_index(name)]->Increment();
}

void metrics::count_stale() {
    implementation_->stale.Increment();
}

void metrics::count_delivery(std::string_view handler, std::string_view outcome) {
    implementation_->deliveries.at(handler, outcome).Increment();
}

void metrics::observe_delivery(std::string_view handler, std::chrono::nanoseconds duration) {
    implementation_->delivery_durations.at(handler, {}).Observe(seconds(duration));
}

std::function<void(int, std::optional<std::uint64_t>)> metrics::api_request_counter() {
    return [into = implementation_](int status, std::optional<std::uint64_t> remaining) {
        into->api_requests.at(status == 0 ? "none" : std::to_string(status), {}).Increment();
        if (remaining)
            into->api_remaining_family.Add({}).Set(static_cast<double>(*remaining));
    };
}

void metrics::add_gauge(std::string_view name, std::string_view help, std::string_view label,
                        std::function<double()> read) {
    add({prometheus::MetricType::Gauge, name, help, label, std::move(read)});
}

void metrics::add_counter(std::string_view name, std::string_view help, std::string_view label,
                          std::function<double()> read) {
    add({prometheus::MetricType::Counter, name, help, label, std::move(read)});
}

void metrics::add(asked_figure added) {
    const std::lock_guard lock{implementation_->asked_mutex};
    auto& asked = implementation_->asked;
    // The same name and label again, after a reload, replaces the old one: a sample may stand there once.
    std::erase_if(asked, [&](const asked_figure& each) {
        return each.name == added.name && each.label.name == added.label.name &&
               each.label.value == added.label.value;
    });
    asked.push_back(std::move(added));
}

std::string metrics::text() {
    std::vector<prometheus::MetricFamily> families = implementation_->registry.Collect();
    {
        const std::lock_guard lock{implementation_->asked_mutex};
        for (const asked_figure& each : implementation_->asked)
            each.family_in(families).metric.push_back(each.sample());
    }
    std::ranges::move(process_families(), std::back_inserter(families));
    // One that has no sample, such as deliveries' on a host that only receives, would be a bare header.
    std::erase_if(families, [](const prometheus::MetricFamily& each) { return each.metric.empty(); });
    std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
    return prometheus::TextSerializer{}.Serialize(families);
}

std::uint64_t metrics::requests_total(std::string_view outcome) const {
    double sum = 0;
    implementation_->requests.each([&](const std::string&, const std::string& each, const Counter& counter) {
        if (each == outcome)
            sum += counter.Value();
    });
    return static_cast<std::uint64_t>(sum);
}

} // namespace outreachd::metrics
