/// How often and how long a test does what it does: shortly in the plain run, and with OUTREACHD_LONG=1 as
/// the guarantees say.
#pragma once

#include <chrono>
#include <cstdlib>

namespace outreachd::tests {

inline bool is_long() {
    return std::getenv("OUTREACHD_LONG") != nullptr;
}

inline int times(int in_long, int in_short) {
    return is_long() ? in_long : in_short;
}

inline std::chrono::milliseconds lasting(std::chrono::milliseconds in_long,
                                         std::chrono::milliseconds in_short) {
    return is_long() ? in_long : in_short;
}

} // namespace outreachd::tests
