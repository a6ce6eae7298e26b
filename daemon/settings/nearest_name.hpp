/// The name that was probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace outreachd::settings {

/// The one of `known` that differs least from `typed` in inserted, left out, exchanged and swapped
/// letters, upper and lower case being the same; nothing where none is near.
std::optional<std::string_view> nearest_name(std::string_view typed, std::span<const std::string_view> known);

/// `; did you mean 'x'?`, or else `; known are a, b, c`, or nothing where none is known.
std::string suggestion(std::string_view typed, std::span<const std::string_view> known);

} // namespace outreachd::settings
