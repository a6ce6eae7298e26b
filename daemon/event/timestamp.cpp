#include "daemon/event/timestamp.hpp"

#include <cstdio>

namespace outreachd {

namespace {

/// Takes exactly `digits` decimal digits off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t digits) noexcept {
    if (text.size() < digits)
        return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, digits)) {
        if (c < '0' || c > '9')
            return std::nullopt;
        value = value * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char expected) noexcept {
    if (text.empty() || text.front() != expected)
        return false;
    text.remove_prefix(1);
    return true;
}

/// The fraction of a second behind its point, in microseconds; further digits are dropped.
std::optional<std::chrono::microseconds> take_fraction(std::string_view& text) noexcept {
    int micros = 0;
    int unit = 100'000;
    std::size_t digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        if (++digits > 9)
            return std::nullopt;
        micros += (text.front() - '0') * unit;
        unit /= 10;
        text.remove_prefix(1);
    }
    if (digits == 0)
        return std::nullopt;
    return std::chrono::microseconds{micros};
}

/// `Z`, `+hh:mm`, `-hhmm`, or nothing, as the distance east of UTC.
std::optional<std::chrono::minutes> take_zone(std::string_view& text) noexcept {
    if (text.empty() || take(text, 'Z') || take(text, 'z'))
        return std::chrono::minutes{0};
    const bool is_west = text.front() == '-';
    if (!take(text, '-') && !take(text, '+'))
        return std::nullopt;
    const auto hours = take_number(text, 2);
    take(text, ':');
    const auto minutes = take_number(text, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59)
        return std::nullopt;
    const std::chrono::minutes offset{*hours * 60 + *minutes};
    return is_west ? -offset : offset;
}

} // namespace

wall_time wall_now() noexcept {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::int64_t steady_ms() noexcept {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string to_rfc3339(wall_time time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(time - day)};
    char text[64];
    const int written = std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return {text, static_cast<std::size_t>(written)};
}

std::optional<wall_time> parse_timestamp(std::string_view text) noexcept {
    using namespace std::chrono;
    const auto year_number = take_number(text, 4);
    const bool dash_after_year = take(text, '-');
    const auto month_number = take_number(text, 2);
    const bool dash_after_month = take(text, '-');
    const auto day_number = take_number(text, 2);
    if (!year_number || !dash_after_year || !month_number || !dash_after_month || !day_number)
        return std::nullopt;
    const year_month_day date{year{*year_number}, month{static_cast<unsigned>(*month_number)},
                              day{static_cast<unsigned>(*day_number)}};
    if (!date.ok() || !(take(text, 'T') || take(text, 't') || take(text, ' ')))
        return std::nullopt;

    const auto hour = take_number(text, 2);
    const bool colon_after_hour = take(text, ':');
    const auto minute = take_number(text, 2);
    const bool colon_after_minute = take(text, ':');
    const auto second = take_number(text, 2);
    if (!hour || !colon_after_hour || !minute || !colon_after_minute || !second)
        return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 60) // 60: a leap second
        return std::nullopt;

    microseconds fraction{0};
    if (take(text, '.')) {
        const auto read = take_fraction(text);
        if (!read)
            return std::nullopt;
        fraction = *read;
    }
    const auto zone = take_zone(text);
    if (!zone || !text.empty())
        return std::nullopt;
    return sys_days{date} + hours{*hour} + minutes{*minute} + seconds{*second} + fraction - *zone;
}

} // namespace outreachd
