/// Durations and sizes as they are written in the configuration.
#pragma once

#include "daemon/settings/settings.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace outreachd::settings {

/// Far above any use, and small enough that sums with the present time can't overflow in
/// nanoseconds.
inline constexpr duration duration_max = std::chrono::hours{24 * 36'500};

/// What SQLite and files count in.
inline constexpr std::uint64_t size_bytes_max = INT64_MAX;

/// A value, or in words why the text is none.
template <typename T>
using value_or_reason = std::variant<T, std::string>;

/// A whole number and a unit, nothing between: `250ms`, `5s`, `10m`, `24h`, `7d`. Not above
/// `duration_max`.
value_or_reason<duration> parse_duration(std::string_view text);

/// A whole number and a unit, nothing between: `512B`, `64KiB`, `4MiB`, `10GiB`; or `0`. In bytes, not
/// above `size_bytes_max`.
value_or_reason<std::uint64_t> parse_size(std::string_view text);

/// The shortest text that `parse_duration` reads as this.
std::string to_text(duration value);

/// The shortest text that `parse_size` reads as this.
std::string size_to_text(std::uint64_t bytes);

} // namespace outreachd::settings
