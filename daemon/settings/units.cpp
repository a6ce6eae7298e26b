#include "daemon/settings/units.hpp"

#include <charconv>
#include <optional>
#include <span>

namespace outreachd::settings {

namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};

// Largest first, for writing.
constexpr unit duration_units[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr unit size_units[] = {{"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U}, {"B", 1}};

constexpr std::string_view duration_form = "a duration is a whole number and ms, s, m, h or d, as in 250ms";
constexpr std::string_view size_form = "a size is a whole number and B, KiB, MiB or GiB, as in 64KiB";

value_or_reason<std::uint64_t> parse(std::string_view text, std::span<const unit> units,
                                     std::uint64_t value_max, std::string_view form) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool has_leading_zero = rest - text.data() > 1 && text.front() == '0';
    if (error == std::errc::invalid_argument || has_leading_zero)
        return std::string{form};
    const std::string_view name{rest, static_cast<std::size_t>(end - rest)};
    for (const unit& one : units)
        if (one.name == name) {
            if (error == std::errc::result_out_of_range || number > value_max / one.factor)
                return std::string{"too large"};
            return number * one.factor;
        }
    if (name.empty())
        return "the unit is missing; " + std::string{form};
    return std::string{form};
}

std::string write(std::uint64_t value, std::span<const unit> units) {
    for (const unit& one : units)
        if (value >= one.factor && value % one.factor == 0)
            return std::to_string(value / one.factor) + std::string{one.name};
    return "0" + std::string{units.back().name};
}

} // namespace

value_or_reason<duration> parse_duration(std::string_view text) {
    auto parsed =
        parse(text, duration_units, static_cast<std::uint64_t>(duration_max.count()), duration_form);
    if (auto* reason = std::get_if<std::string>(&parsed))
        return std::move(*reason);
    return duration{static_cast<duration::rep>(std::get<std::uint64_t>(parsed))};
}

value_or_reason<std::uint64_t> parse_size(std::string_view text) {
    if (text == "0")
        return std::uint64_t{0};
    return parse(text, size_units, size_bytes_max, size_form);
}

std::string to_text(duration value) {
    return write(static_cast<std::uint64_t>(value.count()), duration_units);
}

std::string size_to_text(std::uint64_t bytes) {
    return bytes == 0 ? "0" : write(bytes, size_units);
}

} // namespace outreachd::settings
