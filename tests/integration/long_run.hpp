/// How often and how long a test does what it does: shortly in the plain run, and with OUTREACHD_LONG=1 as
/// the guarantees say.
#pragma once

#include <chrono>
#include <cstdlib>
#include <string_view>

namespace outreachd::tests {

inline bool is_long() {
    return std::getenv("OUTREACHD_LONG") != nullptr;
}

/// More than a thorough run has time for.
inline bool is_an_hour_long() {
    return is_long() && std::string_view{std::getenv("OUTREACHD_LONG")} == "hour";
}

inline int times(int in_long, int in_short) {
    return is_long() ? in_long : in_short;
}

inline std::chrono::milliseconds lasting(std::chrono::milliseconds in_long,
                                         std::chrono::milliseconds in_short) {
    return is_long() ? in_long : in_short;
}

} // namespace outreachd::tests
