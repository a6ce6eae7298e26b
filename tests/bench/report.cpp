#include "tests/bench/report.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <iomanip>
#include <sstream>
#include <utility>

namespace outreachd::bench {

namespace {

using milliseconds = std::chrono::duration<double, std::milli>;
using microseconds = std::chrono::duration<double, std::micro>;
using seconds = std::chrono::duration<double>;

constexpr std::array<std::pair<const char*, double>, 4> percentiles{
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}};

double mib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / (1024 * 1024);
}

double per_request(std::chrono::nanoseconds cpu, const load_result& result) {
    const auto requests = result.counts.latency.count();
    return requests == 0 ? 0 : microseconds{cpu}.count() / static_cast<double>(requests);
}

double rate(const load_result& result) {
    const seconds measured = result.measured;
    return measured.count() <= 0 ? 0 : static_cast<double>(result.counts.latency.count()) / measured.count();
}

/// 1: the load program's threads never slept, so they and not the server may have been the limit.
double client_share(const load_report& report) {
    const seconds available = report.result.measured * report.threads;
    return available.count() <= 0 ? 0 : seconds{report.client_cpu} / available;
}

std::optional<std::chrono::nanoseconds> server_cpu(const load_report& report) {
    if (!report.server_before || !report.server_after) {
        return std::nullopt;
    }
    return report.server_after->cpu - report.server_before->cpu;
}

/// The bytes that one of `count` connections costs.
double each_costs(std::uint64_t before, std::uint64_t after, std::size_t count) {
    return count == 0
               ? 0
               : (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(count);
}

void add_memory(boost::json::object& object, const char* when, const process_usage& usage) {
    const std::string prefix = std::string{"server_"} + when;
    object[prefix + "_rss_bytes"] = usage.resident_bytes;
    object[prefix + "_pss_bytes"] = usage.proportional_bytes;
}

} // namespace

std::string as_text(const load_report& report) {
    const tally& counts = report.result.counts;
    std::ostringstream text;
    text << std::fixed << std::setprecision(0);
    text << "requests     " << counts.latency.count() << " in " << std::setprecision(2)
         << seconds{report.result.measured}.count() << " s: " << std::setprecision(0) << rate(report.result)
         << " a second (" << report.protocol << ")\n";
    text << "latency ms  " << std::setprecision(3);
    for (const auto& [name, share] : percentiles) {
        text << " " << name << " " << milliseconds{counts.latency.percentile(share)}.count();
    }
    text << " max " << milliseconds{counts.latency.max()}.count() << "\n";
    text << "answers     ";
    for (const auto& [status, count] : counts.statuses) {
        text << " " << status << ": " << count;
    }
    text << "; resets " << counts.resets << ", refused " << counts.refused << ", closed " << counts.closed
         << ", timeouts " << counts.timeouts << ", errors " << counts.failures << ", unsent " << counts.unsent
         << "\n";
    if (!counts.first_failure.empty()) {
        text << "first error  " << counts.first_failure << "\n";
    }
    text << "handshakes   full " << counts.full_handshakes << ", resumed " << counts.resumed_handshakes
         << "\n";
    text << "client CPU   " << std::setprecision(2) << seconds{report.client_cpu}.count() << " s, "
         << std::setprecision(1) << per_request(report.client_cpu, report.result) << " us a request, "
         << 100 * client_share(report) << " % of its threads' time\n";
    if (const auto cpu = server_cpu(report)) {
        text << "server CPU   " << std::setprecision(2) << seconds{*cpu}.count() << " s, "
             << std::setprecision(1) << per_request(*cpu, report.result) << " us a request\n";
        text << "server RSS   " << mib(report.server_after->resident_bytes) << " MiB in "
             << report.server_after->processes
             << " processes (shared pages once: " << mib(report.server_after->proportional_bytes) << ")\n";
    }
    if (report.slow_dawdling) {
        text << "slow         " << *report.slow_dawdling << " connections at the end; the server ended "
             << report.slow_ended << "\n";
    }
    return text.str();
}

std::string as_json(const load_report& report) {
    const tally& counts = report.result.counts;
    boost::json::object latency;
    for (const auto& [name, share] : percentiles) {
        latency[name] = milliseconds{counts.latency.percentile(share)}.count();
    }
    latency["max"] = milliseconds{counts.latency.max()}.count();
    boost::json::object statuses;
    for (const auto& [status, count] : counts.statuses) {
        statuses[std::to_string(status)] = count;
    }
    boost::json::object object{{"protocol", report.protocol},
                               {"requests", counts.latency.count()},
                               {"seconds", seconds{report.result.measured}.count()},
                               {"rate", rate(report.result)},
                               {"latency_ms", std::move(latency)},
                               {"statuses", std::move(statuses)},
                               {"answers", counts.answers()},
                               {"resets", counts.resets},
                               {"refused", counts.refused},
                               {"closed", counts.closed},
                               {"timeouts", counts.timeouts},
                               {"errors", counts.failures},
                               {"first_error", counts.first_failure},
                               {"unsent", counts.unsent},
                               {"full_handshakes", counts.full_handshakes},
                               {"resumed_handshakes", counts.resumed_handshakes},
                               {"client_cpu_seconds", seconds{report.client_cpu}.count()},
                               {"client_share", client_share(report)}};
    if (const auto cpu = server_cpu(report)) {
        object["server_cpu_seconds"] = seconds{*cpu}.count();
        object["server_cpu_us_per_request"] = per_request(*cpu, report.result);
        add_memory(object, "before", *report.server_before);
        add_memory(object, "after", *report.server_after);
    }
    if (report.slow_dawdling) {
        object["slow_connections"] = *report.slow_dawdling;
        object["slow_ended"] = report.slow_ended;
    }
    return boost::json::serialize(object) + "\n";
}

std::string as_text(const idle_result& result) {
    const auto& [before, after] = std::pair{result.before, result.after};
    std::ostringstream text;
    text << std::fixed << std::setprecision(1);
    text << "connections  " << result.opened << " opened, " << result.failed << " failed, "
         << result.still_open << " still open\n";
    if (!result.first_failure.empty()) {
        text << "first error  " << result.first_failure << "\n";
    }
    text << "server RSS   " << mib(before.resident_bytes) << " MiB before, " << mib(after.resident_bytes)
         << " after: " << each_costs(before.resident_bytes, after.resident_bytes, result.opened) / 1024
         << " KiB a connection\n";
    text << "server PSS   " << mib(before.proportional_bytes) << " MiB before, "
         << mib(after.proportional_bytes) << " after (pages that processes share count once)\n";
    return text.str();
}

std::string as_json(const idle_result& result) {
    boost::json::object object{
        {"opened", result.opened},
        {"failed", result.failed},
        {"still_open", result.still_open},
        {"first_error", result.first_failure},
        {"rss_bytes_per_connection",
         each_costs(result.before.resident_bytes, result.after.resident_bytes, result.opened)}};
    add_memory(object, "before", result.before);
    add_memory(object, "after", result.after);
    return boost::json::serialize(object) + "\n";
}

bool is_flawless(const tally& counts, bool allow_resets) {
    const auto ok = counts.statuses.find(200);
    const bool only_200 = counts.statuses.size() == 1 && ok != counts.statuses.end();
    const bool lost = counts.closed + counts.timeouts + counts.failures + counts.unsent > 0;
    return only_200 && !lost && (allow_resets || counts.resets + counts.refused == 0);
}

} // namespace outreachd::bench
