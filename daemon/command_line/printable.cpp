/// Decodes UTF-8 by hand, since what comes may not be UTF-8 at all.
#include "daemon/command_line/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace outreachd::command_line {

namespace {

struct character {
    std::uint32_t code = 0;
    std::size_t bytes = 0; ///< 0: not UTF-8.
};

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

character decode(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80)
        return {first, 1};
    const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < bytes)
        return {};
    std::uint32_t code = first & (0xFFU >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        if (!is_continuation(text[i]))
            return {};
        code = (code << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    }
    const std::uint32_t least = bytes == 2 ? 0x80 : bytes == 3 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return {};
    return {code, bytes};
}

/// Controls, and the marks by which a text can show itself in another order than it has.
bool is_dangerous(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x061C || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           code == 0xFEFF;
}

void append_byte_escape(std::string& to, unsigned byte) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
    to += escaped;
}

void append_character_escape(std::string& to, std::uint32_t code) {
    char escaped[16];
    std::snprintf(escaped, sizeof escaped, "\\u{%04x}", code);
    to += escaped;
}

} // namespace

std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty()) {
        const character next = decode(text);
        if (next.bytes == 0) {
            append_byte_escape(shown, static_cast<unsigned char>(text[0]));
            text.remove_prefix(1);
            continue;
        }
        if (next.code == '\n')
            shown += "\\n";
        else if (next.code == '\t')
            shown += "\\t";
        else if (next.code == '\r')
            shown += "\\r";
        else if (is_dangerous(next.code) && next.code < 0x80)
            append_byte_escape(shown, next.code);
        else if (is_dangerous(next.code))
            append_character_escape(shown, next.code);
        else
            shown += text.substr(0, next.bytes);
        text.remove_prefix(next.bytes);
    }
    return shown;
}

std::string printable_lines(std::string_view text, std::string_view indent) {
    std::string shown;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        shown += indent;
        for (std::size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
            shown += printable(line.substr(0, tab)) + "    ";
            line.remove_prefix(tab + 1);
        }
        shown += printable(line) + '\n';
    }
    return shown;
}

std::size_t width_of(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return !is_continuation(byte); }));
}

std::string shortened(std::string_view text, std::size_t width_max) {
    if (width_of(text) <= width_max)
        return std::string{text};
    std::size_t end = 0;
    std::size_t width = 0;
    while (end < text.size() && width + 1 < width_max) {
        ++end;
        while (end < text.size() && is_continuation(text[end]))
            ++end;
        ++width;
    }
    return std::string{text.substr(0, end)} + "…";
}

} // namespace outreachd::command_line
