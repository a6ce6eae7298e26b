/// The value of one hexadecimal digit.
#pragma once

#include <optional>

namespace outreachd {

/// In either case; nothing where `c` is no such digit.
constexpr std::optional<unsigned> hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f')
        return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

} // namespace outreachd
