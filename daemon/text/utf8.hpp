/// Reads UTF-8 one character at a time, and says which characters must not reach a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace outreachd {

struct utf8_unit {
    std::size_t bytes = 1;  ///< How many bytes to step over: one where they are not valid.
    std::uint32_t code = 0; ///< The code point, where valid.
    bool is_valid = false;
};

/// The first character of a text that isn't empty (RFC 3629: shortest form, no surrogates).
constexpr utf8_unit next_utf8(std::string_view text) noexcept {
    const auto byte_at = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at]));
    };
    const std::uint32_t first = byte_at(0);
    if (first < 0x80)
        return {1, first, true};
    std::size_t length = 0;
    std::uint32_t code = 0;
    std::uint32_t smallest = 0;
    if ((first & 0xe0U) == 0xc0U) {
        length = 2, code = first & 0x1fU, smallest = 0x80;
    } else if ((first & 0xf0U) == 0xe0U) {
        length = 3, code = first & 0x0fU, smallest = 0x800;
    } else if ((first & 0xf8U) == 0xf0U) {
        length = 4, code = first & 0x07U, smallest = 0x1'0000;
    } else {
        return {};
    }
    if (text.size() < length)
        return {};
    for (std::size_t at = 1; at < length; ++at) {
        if ((byte_at(at) & 0xc0U) != 0x80U)
            return {};
        code = (code << 6U) | (byte_at(at) & 0x3fU);
    }
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    if (code < smallest || code > 0x10'ffff || is_surrogate)
        return {};
    return {length, code, true};
}

/// Control characters (C0, DEL, C1), line ends of Unicode, and those that change the direction of
/// text: with any of them an outsider could forge or hide a line. All lie below U+10000.
constexpr bool is_disturbing(std::uint32_t code) noexcept {
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x061c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xfeff;
}

/// Whether all of `text` is UTF-8.
constexpr bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const utf8_unit unit = next_utf8(text);
        if (!unit.is_valid)
            return false;
        text.remove_prefix(unit.bytes);
    }
    return true;
}

} // namespace outreachd
