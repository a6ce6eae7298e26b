#include "handlers/retry_after.hpp"

#include "daemon/text/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include <curl/curl.h>

namespace outreachd::handlers {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// 2001: no server asks for a wait of thirty years, and no reset lies that far back.
constexpr long long epoch_seconds_min = 1'000'000'000;
constexpr long long wait_seconds_max = 10LL * 365 * 24 * 3600;

/// Digits, and perhaps a fraction, which some servers send and which is rounded up.
std::optional<long long> parse_seconds(std::string_view text) {
    long long whole = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, whole);
    if (failure == std::errc::result_out_of_range && text.front() != '-')
        return wait_seconds_max;
    if (failure != std::errc{} || text.front() == '-')
        return std::nullopt;
    if (rest == end)
        return whole;
    const std::string_view fraction{rest + 1, end};
    if (*rest != '.' || fraction.empty() || fraction.find_first_not_of("0123456789") != fraction.npos)
        return std::nullopt;
    return whole < std::numeric_limits<long long>::max() ? whole + 1 : whole;
}

} // namespace

std::optional<milliseconds> parse_wait(std::string_view text, wall_time now) {
    text = trimmed(text);
    if (text.empty())
        return std::nullopt;
    const long long now_seconds = std::chrono::floor<seconds>(now).time_since_epoch().count();
    const auto bounded = [](long long wait) {
        return milliseconds{seconds{std::clamp(wait, 0LL, wait_seconds_max)}};
    };
    if (text.find_first_not_of("0123456789.") == std::string_view::npos) {
        const auto number = parse_seconds(text);
        if (!number)
            return std::nullopt;
        return bounded(*number < epoch_seconds_min ? *number : *number - now_seconds);
    }
    if (const auto time = parse_timestamp(text))
        return bounded(std::chrono::ceil<seconds>(*time - now).count());
    // A date begins with the name of a day in all its three forms; curl alone would also take `5 Nov`.
    const bool begins_with_letter = (text.front() | 0x20) >= 'a' && (text.front() | 0x20) <= 'z';
    const time_t date = begins_with_letter ? curl_getdate(std::string{text}.c_str(), nullptr) : time_t{-1};
    if (date < 0)
        return std::nullopt;
    return bounded(date - now_seconds);
}

std::optional<milliseconds> parse_wait_left(std::string_view text, wall_time now) {
    const auto wait = parse_wait(text, now);
    return wait > milliseconds::zero() ? wait : std::nullopt;
}

} // namespace outreachd::handlers
