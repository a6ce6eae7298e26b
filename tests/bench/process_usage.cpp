#include "tests/bench/process_usage.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

#include <sys/resource.h>
#include <unistd.h>

namespace outreachd::bench {

namespace {

struct stat_line {
    pid_t pid = 0;
    pid_t parent = 0;
    std::string name;
    std::chrono::nanoseconds waited_for{}; ///< CPU time of children that ended.
};

/// Nothing where the process has gone.
std::optional<stat_line> read_stat(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string line;
    std::getline(file, line);
    const auto name_begin = line.find('(');
    const auto name_end = line.rfind(')'); // A name may hold any character.
    if (name_begin == std::string::npos || name_end == std::string::npos) {
        return std::nullopt;
    }
    stat_line found;
    found.pid = pid;
    found.name = line.substr(name_begin + 1, name_end - name_begin - 1);
    std::istringstream rest{line.substr(name_end + 1)};
    std::string skipped;
    rest >> skipped >> found.parent;
    for (int field = 5; field < 16; ++field) {
        rest >> skipped;
    }
    std::int64_t user_ticks = 0;
    std::int64_t system_ticks = 0;
    rest >> user_ticks >> system_ticks;
    const std::int64_t nanoseconds_a_tick = 1'000'000'000 / sysconf(_SC_CLK_TCK);
    found.waited_for = std::chrono::nanoseconds{(user_ticks + system_ticks) * nanoseconds_a_tick};
    return found;
}

std::vector<stat_line> all_processes() {
    std::vector<stat_line> found;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (ec != std::errc{} || end != name.data() + name.size()) {
            continue;
        }
        if (auto line = read_stat(pid)) {
            found.push_back(std::move(*line));
        }
    }
    return found;
}

std::chrono::nanoseconds as_duration(const timespec& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::chrono::nanoseconds cpu_of(pid_t pid) {
    clockid_t clock{};
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
        return {};
    }
    return as_duration(time);
}

void add_memory(pid_t pid, process_usage& usage) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words{line};
        std::string key;
        std::uint64_t kib = 0;
        words >> key >> kib;
        if (key == "Rss:") {
            usage.resident_bytes += kib * 1024;
        } else if (key == "Pss:") {
            usage.proportional_bytes += kib * 1024;
        }
    }
}

} // namespace

process_group::process_group(std::vector<pid_t> pids, const std::vector<std::string>& names)
    : roots_{std::move(pids)} {
    for (const pid_t pid : roots_) {
        if (!read_stat(pid)) {
            throw std::runtime_error{"--server-pid " + std::to_string(pid) + ": there is no such process"};
        }
    }
    const auto all = all_processes();
    for (const std::string& name : names) {
        const auto before = roots_.size();
        for (const auto& process : all) {
            if (process.name == name) {
                roots_.push_back(process.pid);
            }
        }
        if (roots_.size() == before) {
            throw std::runtime_error{"--server-group " + name + ": no process has that name"};
        }
    }
}

process_usage process_group::usage() const {
    const auto all = all_processes();
    std::set<pid_t> members{roots_.begin(), roots_.end()};
    for (std::size_t before = 0; before != members.size();) {
        before = members.size();
        for (const auto& process : all) {
            if (members.contains(process.parent)) {
                members.insert(process.pid);
            }
        }
    }
    process_usage sum;
    for (const auto& process : all) {
        if (members.contains(process.pid)) {
            sum.cpu += cpu_of(process.pid) + process.waited_for;
            add_memory(process.pid, sum);
            ++sum.processes;
        }
    }
    return sum;
}

std::chrono::nanoseconds own_cpu() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return as_duration(time);
}

std::uint64_t own_peak_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

} // namespace outreachd::bench
