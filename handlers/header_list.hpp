/// The headers of a request or message that is being made.
#pragma once

#include "daemon/event/event.hpp"

#include <algorithm>
#include <vector>

namespace outreachd::handlers {

/// A later header takes the place of an earlier one of its name.
template <typename IsSameName>
void put(std::vector<header>& into, header one, IsSameName is_same_name) {
    const auto same = std::find_if(into.begin(), into.end(),
                                   [&](const header& other) { return is_same_name(other.name, one.name); });
    if (same == into.end())
        into.push_back(std::move(one));
    else
        *same = std::move(one);
}

} // namespace outreachd::handlers
