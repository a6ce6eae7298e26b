/// Letters, blanks and control characters of ASCII, whatever the locale: names of headers and hosts, schemes,
/// keys.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace outreachd {

constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string to_lower(std::string_view text) {
    std::string lowered{text};
    for (char& c : lowered)
        c = to_lower(c);
    return lowered;
}

constexpr bool is_same_in_any_case(std::string_view left, std::string_view right) noexcept {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char one, char other) { return to_lower(one) == to_lower(other); });
}

/// Whether it is one, but the tab.
constexpr bool is_control_character(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
}

/// Such a text can't be a header's, since it could end the line.
constexpr bool has_control_character(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), is_control_character);
}

/// Without the characters of `white` at both ends. It lies within the text, where nothing is left, too.
constexpr std::string_view trimmed(std::string_view text, std::string_view white = " \t") noexcept {
    const std::size_t first = text.find_first_not_of(white);
    return first == std::string_view::npos ? text.substr(text.size())
                                           : text.substr(first, text.find_last_not_of(white) - first + 1);
}

} // namespace outreachd
