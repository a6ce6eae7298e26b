/// Decimal numbers in texts.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace outreachd {

/// All of `text` as a number; with a minus where a `Number` may have one. Nothing where it is none, or too
/// large.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return read.ec == std::errc{} && read.ptr == end ? std::optional{value} : std::nullopt;
}

/// The same without a sign.
template <typename Number>
std::optional<Number> whole_number(std::string_view text) noexcept {
    return text.starts_with('-') ? std::nullopt : parse_number<Number>(text);
}

} // namespace outreachd
