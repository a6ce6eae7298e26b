#include "daemon/settings/utf8_check.hpp"

namespace outreachd::settings {

namespace {

unsigned char byte_at(std::string_view text, std::size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

/// The length of the character that begins at `at`, or 0 where none does.
std::size_t character_length(std::string_view text, std::size_t at) noexcept {
    const unsigned char lead = byte_at(text, at);
    if (lead < 0x80)
        return 1;
    std::size_t length = 0;
    // The second byte's range is what keeps out overlong forms, surrogates and what is too large.
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        length = 2;
    else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        low = lead == 0xE0 ? 0xA0 : low;
        high = lead == 0xED ? 0x9F : high;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        low = lead == 0xF0 ? 0x90 : low;
        high = lead == 0xF4 ? 0x8F : high;
    }
    if (length == 0 || text.size() - at < length)
        return 0;
    if (byte_at(text, at + 1) < low || byte_at(text, at + 1) > high)
        return 0;
    for (std::size_t next = at + 2; next < at + length; ++next)
        if ((byte_at(text, next) & 0xC0U) != 0x80U)
            return 0;
    return length;
}

} // namespace

std::optional<std::size_t> find_invalid_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text, at);
        if (length == 0)
            return at;
        at += length;
    }
    return std::nullopt;
}

std::optional<std::size_t> find_control_character(std::string_view text, bool breaks_allowed) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const unsigned char byte = byte_at(text, at);
        if (breaks_allowed && (byte == '\t' || byte == '\n' || byte == '\r'))
            continue;
        if (byte < 0x20 || byte == 0x7F)
            return at;
    }
    return std::nullopt;
}

} // namespace outreachd::settings
