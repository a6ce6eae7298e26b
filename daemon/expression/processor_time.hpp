/// How much processor time a process has used.
#pragma once

#include <cstdint>

#include <sys/resource.h>

namespace outreachd::expression {

/// In user and in kernel mode together, in microseconds.
inline std::uint64_t processor_time_us(const rusage& used) noexcept {
    const auto of = [](const timeval& time) {
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

} // namespace outreachd::expression
