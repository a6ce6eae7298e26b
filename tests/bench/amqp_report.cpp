#include "tests/bench/amqp_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

namespace outreachd::bench {

namespace {

using microseconds = std::chrono::duration<double, std::micro>;
using milliseconds = std::chrono::duration<double, std::milli>;
using seconds = std::chrono::duration<double>;

double share(double of, double whole) {
    return whole <= 0 ? 0 : of / whole;
}

double mib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / (1024 * 1024);
}

/// One of the three that a round measures.
struct flow_part {
    const char* name;
    flow_result flow_round::*result;
    double (*rate)(const flow_round&);
    double (*cpu_us)(const flow_round&);
    double (*of_bare)(const flow_round&); ///< Null: the bare one itself.
    bool has_memory;                      ///< The bare loop keeps all its messages, which says nothing.
};

template <flow_result flow_round::*part>
double rate_of(const flow_round& round) {
    return events_per_second(round.*part);
}

template <flow_result flow_round::*part>
double cpu_of(const flow_round& round) {
    return cpu_us_per_event(round.*part);
}

constexpr std::array<flow_part, 3> parts{
    {{"bare", &flow_round::bare, rate_of<&flow_round::bare>, cpu_of<&flow_round::bare>, nullptr, false},
     {"relay", &flow_round::relay, rate_of<&flow_round::relay>, cpu_of<&flow_round::relay>, relay_share,
      true},
     {"intake", &flow_round::intake, rate_of<&flow_round::intake>, cpu_of<&flow_round::intake>, intake_share,
      true}}};

std::uint64_t most_memory(const flow_row& row, const flow_part& part) {
    std::uint64_t most = 0;
    for (const flow_round& round : row.rounds)
        most = std::max(most, (round.*part.result).peak_resident_bytes);
    return most;
}

std::ostream& operator<<(std::ostream& to, const amqp_case& at) {
    return to << std::setw(8) << at.kind << std::setw(8) << at.window;
}

void add_flows(std::ostream& text, const amqp_findings& found) {
    text << "    queue  window    what  rounds  a second  of bare  CPU us each  peak RSS MiB\n";
    for (const flow_row& row : found.flows)
        for (const flow_part& part : parts) {
            text << ' ' << row.at << std::setw(8) << part.name << std::setw(8) << row.rounds.size()
                 << std::setprecision(0) << std::setw(10) << median_of(row.rounds, part.rate)
                 << std::setprecision(2) << std::setw(9);
            if (part.of_bare == nullptr)
                text << '-';
            else
                text << median_of(row.rounds, part.of_bare);
            text << std::setprecision(1) << std::setw(13) << median_of(row.rounds, part.cpu_us)
                 << std::setw(14);
            if (part.has_memory)
                text << mib(most_memory(row, part));
            else
                text << '-';
            text << '\n';
        }
}

void add_latency(std::ostream& text, const latency_result& result) {
    text << std::setw(10) << result.events << std::setprecision(2);
    for (const auto each : {result.p50, result.p99, result.longest})
        text << std::setw(10) << milliseconds{each}.count();
    text << '\n';
}

void add_latencies(std::ostream& text, const amqp_findings& found) {
    text << "    queue  window                latency    events    p50 ms    p99 ms    max ms\n";
    for (const latency_row& row : found.latencies) {
        text << ' ' << row.at << std::setw(23) << "publish to confirms";
        add_latency(text, row.bare);
        text << ' ' << row.at << std::setw(23) << "ack to handler";
        add_latency(text, row.through);
    }
}

void add_drain(std::ostream& text, const drain_result& drained) {
    text << "                          acks    events    p50 ms    p99 ms    max ms\n";
    text << std::setw(30) << "before and between";
    add_latency(text, drained.quiet);
    text << std::setw(30) << "while the relay drains";
    add_latency(text, drained.draining);
    text << "drained " << drained.drained << " in " << std::setprecision(1)
         << seconds{drained.draining_for}.count() << " s: " << std::setprecision(0)
         << share(static_cast<double>(drained.drained), seconds{drained.draining_for}.count())
         << " a second, peak RSS " << std::setprecision(1) << mib(drained.peak_resident_bytes) << " MiB\n";
}

void add_targets(std::ostream& text, const amqp_findings& found) {
    text << std::setprecision(2);
    for (const flow_row& row : found.flows) {
        const double reached = median_of(row.rounds, relay_share);
        text << "relay over bare, " << row.at.kind << ", window " << row.at.window << ": " << reached
             << (reached >= relay_share_min ? " (at least " : " (UNDER ") << relay_share_min << ")\n";
    }
    if (!found.drain)
        return;
    if (const auto ratio = drain_ratio(*found.drain))
        text << "p99 of acks, draining over not: " << *ratio
             << (*ratio <= drain_ratio_max ? " (within " : " (OVER ") << drain_ratio_max << ")\n";
}

boost::json::object object_of(const latency_result& result) {
    return {{"events", result.events},
            {"p50_ms", milliseconds{result.p50}.count()},
            {"p99_ms", milliseconds{result.p99}.count()},
            {"max_ms", milliseconds{result.longest}.count()}};
}

boost::json::array array_of(const std::vector<flow_row>& flows) {
    boost::json::array array;
    for (const flow_row& row : flows)
        for (const flow_part& part : parts) {
            boost::json::object object{{"queue", row.at.kind},
                                       {"window", row.at.window},
                                       {"what", part.name},
                                       {"rounds", row.rounds.size()},
                                       {"rate", median_of(row.rounds, part.rate)},
                                       {"cpu_us_per_event", median_of(row.rounds, part.cpu_us)}};
            if (part.of_bare != nullptr)
                object["of_bare"] = median_of(row.rounds, part.of_bare);
            if (part.has_memory)
                object["peak_rss_bytes"] = most_memory(row, part);
            array.push_back(std::move(object));
        }
    return array;
}

} // namespace

double events_per_second(const flow_result& result) {
    return share(static_cast<double>(result.events), seconds{result.elapsed}.count());
}

double cpu_us_per_event(const flow_result& result) {
    return share(microseconds{result.cpu}.count(), static_cast<double>(result.events));
}

double median_of(const std::vector<flow_round>& rounds, double (*figure)(const flow_round&)) {
    std::vector<double> all;
    for (const flow_round& round : rounds)
        all.push_back(figure(round));
    if (all.empty())
        return 0;
    std::ranges::sort(all);
    return all[(all.size() - 1) / 2];
}

double relay_share(const flow_round& round) {
    return share(events_per_second(round.relay), events_per_second(round.bare));
}

double intake_share(const flow_round& round) {
    return share(events_per_second(round.intake), events_per_second(round.bare));
}

std::optional<double> drain_ratio(const drain_result& result) {
    if (result.quiet.events == 0 || result.draining.events == 0)
        return std::nullopt;
    return share(microseconds{result.draining.p99}.count(), microseconds{result.quiet.p99}.count());
}

bool meets_targets(const amqp_findings& found) {
    const bool is_fast = std::ranges::all_of(found.flows, [](const flow_row& row) {
        return median_of(row.rounds, relay_share) >= relay_share_min;
    });
    const auto ratio = found.drain ? drain_ratio(*found.drain) : std::nullopt;
    return is_fast && (!ratio || *ratio <= drain_ratio_max);
}

std::string as_text(const amqp_findings& found) {
    std::ostringstream text;
    text << std::fixed;
    if (!found.flows.empty())
        add_flows(text, found);
    if (!found.latencies.empty() || found.drain)
        text << "at " << std::setprecision(0) << found.rate << " events a second:\n";
    if (!found.latencies.empty())
        add_latencies(text, found);
    if (found.drain)
        add_drain(text, *found.drain);
    add_targets(text, found);
    return text.str();
}

std::string as_json(const amqp_findings& found) {
    boost::json::array latencies;
    for (const latency_row& row : found.latencies)
        latencies.push_back(boost::json::object{{"queue", row.at.kind},
                                                {"window", row.at.window},
                                                {"publish_to_confirms", object_of(row.bare)},
                                                {"ack_to_handler", object_of(row.through)}});
    boost::json::object object{
        {"rate", found.rate}, {"flows", array_of(found.flows)}, {"latencies", std::move(latencies)}};
    if (found.drain) {
        const drain_result& drained = *found.drain;
        boost::json::object drain{{"quiet", object_of(drained.quiet)},
                                  {"draining", object_of(drained.draining)},
                                  {"drained", drained.drained},
                                  {"seconds", seconds{drained.draining_for}.count()},
                                  {"peak_rss_bytes", drained.peak_resident_bytes}};
        if (const auto ratio = drain_ratio(drained))
            drain["p99_ratio"] = *ratio;
        object["drain"] = std::move(drain);
    }
    return boost::json::serialize(object) + "\n";
}

} // namespace outreachd::bench
