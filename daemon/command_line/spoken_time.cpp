/// Rounds down: what is said to be past is past.
#include "daemon/command_line/spoken_time.hpp"

#include <cstdint>
#include <cstdio>

namespace outreachd::command_line {

std::string spoken(std::chrono::seconds span) {
    const std::int64_t seconds = span.count();
    const auto two = [](std::int64_t large, const char* large_unit, std::int64_t small,
                        const char* small_unit) {
        std::string text = std::to_string(large) + large_unit;
        return small == 0 ? text : text + ' ' + std::to_string(small) + small_unit;
    };
    if (seconds < 60)
        return std::to_string(seconds) + " s";
    if (seconds < 3600)
        return std::to_string(seconds / 60) + " min";
    if (seconds < 86'400)
        return two(seconds / 3600, " h", seconds / 60 % 60, " min");
    return two(seconds / 86'400, " d", seconds / 3600 % 24, " h");
}

std::string spoken_short(std::chrono::microseconds span) {
    char text[32];
    const double milliseconds = std::chrono::duration<double, std::milli>(span).count();
    if (milliseconds < 10)
        std::snprintf(text, sizeof text, "%.2f ms", milliseconds);
    else if (milliseconds < 1000)
        std::snprintf(text, sizeof text, "%.1f ms", milliseconds);
    else if (milliseconds < 60'000)
        std::snprintf(text, sizeof text, "%.2f s", milliseconds / 1000);
    else
        return spoken(std::chrono::duration_cast<std::chrono::seconds>(span));
    return text;
}

std::string spoken_relative(wall_time then, wall_time now) {
    const auto seconds = [](auto span) { return std::chrono::floor<std::chrono::seconds>(span); };
    return then > now ? "in " + spoken(seconds(then - now)) : spoken(seconds(now - then)) + " ago";
}

} // namespace outreachd::command_line
