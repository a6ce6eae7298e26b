/// Numbers in queries and paths.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace outreachd::admin {

/// All of `text` as a decimal number without a sign.
template <typename Number>
std::optional<Number> whole_number(std::string_view text) noexcept {
    Number value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || text.starts_with('-'))
        return std::nullopt;
    return value;
}

} // namespace outreachd::admin
