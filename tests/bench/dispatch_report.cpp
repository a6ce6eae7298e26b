#include "tests/bench/dispatch_report.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <iomanip>
#include <map>
#include <sstream>
#include <utility>

namespace outreachd::bench {

namespace {

using microseconds = std::chrono::duration<double, std::micro>;
using seconds = std::chrono::duration<double>;

double mib(std::uint64_t bytes) {
    return static_cast<double>(bytes) / (1024 * 1024);
}

} // namespace

double deliveries_per_second(const dispatch_result& result) {
    const seconds elapsed = result.elapsed;
    return elapsed.count() <= 0 ? 0 : static_cast<double>(result.deliveries) / elapsed.count();
}

double cpu_us_per_delivery(const dispatch_result& result) {
    return result.deliveries == 0 ? 0
                                  : microseconds{result.cpu}.count() / static_cast<double>(result.deliveries);
}

std::vector<cost_ratio> cost_ratios(const std::vector<dispatch_row>& rows) {
    // By depth, within handlers and concurrency.
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::uint64_t, double>> costs;
    for (const dispatch_row& row : rows)
        costs[{row.handlers, row.concurrency}][row.pending] = cpu_us_per_delivery(row.result);
    std::vector<cost_ratio> ratios;
    for (const auto& [alike, by_depth] : costs) {
        const auto& [least, cost_at_least] = *by_depth.begin();
        const auto& [most, cost_at_most] = *by_depth.rbegin();
        if (least != most && cost_at_least > 0)
            ratios.push_back({alike.first, alike.second, least, most, cost_at_most / cost_at_least});
    }
    return ratios;
}

std::string as_text(const std::vector<dispatch_row>& rows) {
    std::ostringstream text;
    text << std::fixed;
    text << "  pending  handlers  concurrency  deliveries  a second  CPU us each  peak RSS MiB\n";
    for (const dispatch_row& row : rows)
        text << std::setw(9) << row.pending << std::setw(10) << row.handlers << std::setw(13)
             << row.concurrency << std::setw(12) << row.result.deliveries << std::setprecision(0)
             << std::setw(10) << deliveries_per_second(row.result) << std::setprecision(1) << std::setw(13)
             << cpu_us_per_delivery(row.result) << std::setw(14) << mib(row.result.peak_resident_bytes)
             << '\n';
    for (const cost_ratio& one : cost_ratios(rows))
        text << "cost at " << one.most_pending << " pending over cost at " << one.least_pending << ", "
             << one.handlers << " handlers, concurrency " << one.concurrency << ": " << std::setprecision(2)
             << one.ratio << (one.ratio <= cost_ratio_max ? " (within " : " (OVER ") << cost_ratio_max
             << ")\n";
    return text.str();
}

std::string as_json(const std::vector<dispatch_row>& rows) {
    boost::json::array array;
    for (const dispatch_row& row : rows)
        array.push_back(boost::json::object{{"pending", row.pending},
                                            {"handlers", row.handlers},
                                            {"concurrency", row.concurrency},
                                            {"deliveries", row.result.deliveries},
                                            {"seconds", seconds{row.result.elapsed}.count()},
                                            {"rate", deliveries_per_second(row.result)},
                                            {"cpu_us_per_delivery", cpu_us_per_delivery(row.result)},
                                            {"peak_rss_bytes", row.result.peak_resident_bytes}});
    return boost::json::serialize(array) + "\n";
}

} // namespace outreachd::bench
