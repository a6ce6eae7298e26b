/// The characters and names of HTTP fields, as the framing gate reads them (RFC 9110 section 5).
#pragma once

#include "daemon/text/ascii.hpp"

#include <array>
#include <string_view>

namespace outreachd::ingress {

/// A set of bytes, looked up by value.
class byte_set {
public:
    template <typename Predicate>
    explicit constexpr byte_set(Predicate is_member) {
        for (unsigned value = 0; value < members_.size(); ++value)
            members_[value] = is_member(static_cast<unsigned char>(value));
    }

    constexpr bool has(char c) const noexcept { return members_[static_cast<unsigned char>(c)]; }

private:
    std::array<bool, 256> members_{};
};

constexpr bool is_letter_or_digit(unsigned char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What a method, a field name or an extension's name may be made of.
inline constexpr byte_set token_bytes{[](unsigned char c) {
    return is_letter_or_digit(c) || (c != 0 && std::string_view{"!#$%&'*+-.^_`|~"}.find(
                                                   static_cast<char>(c)) != std::string_view::npos);
}};

/// What a field's value may hold: no control byte but the tab. Bytes above ASCII are opaque.
inline constexpr byte_set value_bytes{[](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7F); }};

constexpr bool is_white_space(char c) noexcept {
    return c == ' ' || c == '\t';
}

/// True where `name` reads as `letters` (lower case) once case and everything but letters and digits
/// are dropped: `Content_Length`, `content--length`, `'Content-Length`.
constexpr bool resembles(std::string_view name, std::string_view letters) noexcept {
    for (const char c : name) {
        if (!is_letter_or_digit(static_cast<unsigned char>(c)))
            continue;
        if (letters.empty() || to_lower(c) != letters.front())
            return false;
        letters.remove_prefix(1);
    }
    return letters.empty();
}

} // namespace outreachd::ingress
