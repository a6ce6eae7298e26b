/// Counts with their nouns.
#pragma once

#include <cstdint>
#include <string>

namespace outreachd::command_line {

/// `1 event`, `3 events`; with a plural of its own where an `s` isn't enough. `count` is a whole number, as
/// JSON has it.
inline std::string counted(double count, const std::string& singular, const std::string& plural = {}) {
    const auto whole = static_cast<std::uint64_t>(count);
    const std::string& many = plural.empty() ? singular + "s" : plural;
    return std::to_string(whole) + " " + (whole == 1 ? singular : many);
}

} // namespace outreachd::command_line
