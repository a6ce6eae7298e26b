/// What the kernel says of this process.
#include "daemon/metrics/process.hpp"

#include <prometheus/metric_family.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace outreachd::metrics {

namespace {

std::string read_file(const char* path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

/// Takes the next word off the front of `text`; zero of it where it is no number.
template <typename Number>
bool take_number(std::string_view& text, Number& value) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{})
        return false;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return text.empty() || text.front() == ' ' || text.front() == '\n';
}

/// When the machine started, in seconds since 1970.
std::optional<double> boot_time_seconds() {
    constexpr std::string_view label = "\nbtime ";
    const std::string text = read_file("/proc/stat");
    const auto at = text.find(label);
    if (at == std::string::npos)
        return std::nullopt;
    std::string_view rest = std::string_view{text}.substr(at + label.size());
    long long seconds = 0;
    if (!take_number(rest, seconds))
        return std::nullopt;
    return static_cast<double>(seconds);
}

std::optional<double> open_descriptors() {
    std::error_code ec;
    double count = 0;
    for (std::filesystem::directory_iterator each{"/proc/self/fd", ec};
         !ec && each != std::filesystem::directory_iterator{}; each.increment(ec))
        ++count;
    if (ec)
        return std::nullopt;
    return count - 1; // Not the one that lists them.
}

prometheus::MetricFamily family_of(const char* name, const char* help, prometheus::MetricType type,
                                   double value) {
    prometheus::ClientMetric sample;
    if (type == prometheus::MetricType::Counter)
        sample.counter.value = value;
    else
        sample.gauge.value = value;
    return {name, help, type, {sample}};
}

} // namespace

std::optional<process_stat> parse_process_stat(std::string_view text) {
    // The second field is the program's name in parentheses; it may hold spaces and parentheses.
    const auto name_end = text.rfind(')');
    if (name_end == std::string_view::npos || text.substr(name_end).size() < 4)
        return std::nullopt;
    std::string_view rest = text.substr(name_end + 3); // The state, field 3, is one letter.
    process_stat found;
    for (int field = 4; field <= 24; ++field) {
        unsigned long long other = 0;
        long long signed_other = 0;
        bool is_read = false;
        switch (field) {
        case 14:
            is_read = take_number(rest, found.user_ticks);
            break;
        case 15:
            is_read = take_number(rest, found.system_ticks);
            break;
        case 20:
            is_read = take_number(rest, found.threads);
            break;
        case 22:
            is_read = take_number(rest, found.start_ticks);
            break;
        case 23:
            is_read = take_number(rest, found.virtual_bytes);
            break;
        case 24:
            is_read = take_number(rest, found.resident_pages);
            break;
        default: // Some are negative, such as the terminal's process group.
            is_read = rest.find('-') == 1 ? take_number(rest, signed_other) : take_number(rest, other);
        }
        if (!is_read)
            return std::nullopt;
    }
    return found;
}

std::vector<prometheus::MetricFamily> process_families() {
    using prometheus::MetricType;
    std::vector<prometheus::MetricFamily> families;
    if (const auto stat = parse_process_stat(read_file("/proc/self/stat"))) {
        const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
        const auto page_bytes = static_cast<double>(::sysconf(_SC_PAGESIZE));
        families.push_back(family_of(
            "process_cpu_seconds_total", "Processor time used, user and system.", MetricType::Counter,
            static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks_per_second));
        families.push_back(family_of("process_resident_memory_bytes", "Memory held in RAM.",
                                     MetricType::Gauge,
                                     static_cast<double>(stat->resident_pages) * page_bytes));
        families.push_back(family_of("process_virtual_memory_bytes", "Address space in use.",
                                     MetricType::Gauge, static_cast<double>(stat->virtual_bytes)));
        families.push_back(
            family_of("process_threads", "Threads.", MetricType::Gauge, static_cast<double>(stat->threads)));
        if (const auto boot = boot_time_seconds())
            families.push_back(family_of("process_start_time_seconds",
                                         "When the process started, since 1970.", MetricType::Gauge,
                                         *boot + static_cast<double>(stat->start_ticks) / ticks_per_second));
    }
    if (const auto open = open_descriptors())
        families.push_back(family_of("process_open_fds", "Open file descriptors.", MetricType::Gauge, *open));
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0)
        families.push_back(family_of("process_max_fds", "The limit of open file descriptors.",
                                     MetricType::Gauge, static_cast<double>(descriptors.rlim_cur)));
    return families;
}

} // namespace outreachd::metrics
