/// What the kernel says of this process, under the names Prometheus' own clients use.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace outreachd::metrics {

/// The figures of /proc/self/stat (proc(5)) that are shown, in the kernel's units.
struct process_stat {
    unsigned long long user_ticks = 0;
    unsigned long long system_ticks = 0;
    long long threads = 0;
    unsigned long long start_ticks = 0; ///< Since the machine's start.
    unsigned long long virtual_bytes = 0;
    long long resident_pages = 0;
};

/// Nothing where `text` isn't such a line. The program's name in it may hold anything.
std::optional<process_stat> parse_process_stat(std::string_view text);

/// `process_*` as of now; what can't be read is left out. Reads small files of /proc only.
std::vector<prometheus::MetricFamily> process_families();

} // namespace outreachd::metrics
