/// How many I/O threads are of use.
#pragma once

#include <algorithm>

#include <sched.h>

namespace outreachd {

/// The cores that this process may run on, at least one: a container or `taskset` may give it fewer
/// than the machine has.
inline unsigned usable_cores() noexcept {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return 1;
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&allowed)));
}

} // namespace outreachd
