/// How long the store has to remember what came.
#pragma once

#include "daemon/settings/settings.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace outreachd {

/// The longest `dedup_window` of all endpoints.
inline std::chrono::milliseconds longest_window(const std::vector<settings::endpoint>& endpoints) {
    std::chrono::milliseconds longest{0};
    for (const settings::endpoint& one : endpoints)
        longest = std::max(longest, one.dedup_window);
    return longest;
}

} // namespace outreachd
