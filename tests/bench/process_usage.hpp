/// What processes cost: CPU time and memory, from the kernel's accounts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace outreachd::bench {

struct process_usage {
    /// User and system time, to the nanosecond; of children that ended and were waited for, to 10 ms.
    std::chrono::nanoseconds cpu{};
    std::uint64_t resident_bytes = 0;     ///< Pages that processes share count for each.
    std::uint64_t proportional_bytes = 0; ///< Pages that processes share count once.
    std::size_t processes = 0;
};

/// A server's processes: those given, and at each look all their descendants (nginx's workers, for example).
class process_group {
public:
    process_group() = default;
    /// Throws std::runtime_error where a process isn't there, or none has a given name.
    process_group(std::vector<pid_t> pids, const std::vector<std::string>& names);

    bool empty() const { return roots_.empty(); }

    process_usage usage() const;

private:
    std::vector<pid_t> roots_;
};

/// This program's own CPU time.
std::chrono::nanoseconds own_cpu();
/// The most memory it ever had resident.
std::uint64_t own_peak_bytes();

} // namespace outreachd::bench
