/// How a log line looks.
#include "daemon/log/line.hpp"

#include "daemon/text/utf8.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace outreachd::log {

namespace {

void append_hex_byte(std::string& to, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    to += "\\x";
    to += digits[byte >> 4U];
    to += digits[byte & 0xfU];
}

/// Escapes for a terminal or a line-based reader. `quote_too` where the text stands in quotes.
void append_text_escaped(std::string& to, std::string_view text, bool quote_too) {
    while (!text.empty()) {
        const utf8_unit unit = next_utf8(text);
        const std::string_view bytes = text.substr(0, unit.bytes);
        text.remove_prefix(unit.bytes);
        if (unit.is_valid && unit.code == '\n') {
            to += "\\n";
        } else if (unit.is_valid && unit.code == '\r') {
            to += "\\r";
        } else if (unit.is_valid && unit.code == '\t') {
            to += "\\t";
        } else if (!unit.is_valid || is_disturbing(unit.code)) {
            for (const char c : bytes)
                append_hex_byte(to, c);
        } else {
            if (unit.code == '\\' || (quote_too && unit.code == '"'))
                to += '\\';
            to += bytes;
        }
    }
}

void append_json_string(std::string& to, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    to += '"';
    while (!text.empty()) {
        const utf8_unit unit = next_utf8(text);
        const std::string_view bytes = text.substr(0, unit.bytes);
        text.remove_prefix(unit.bytes);
        if (!unit.is_valid) {
            to += "\\ufffd";
        } else if (unit.code == '"' || unit.code == '\\') {
            to += '\\';
            to += bytes;
        } else if (is_disturbing(unit.code)) { // All of these lie within four digits.
            to += "\\u";
            for (const unsigned shift : {12U, 8U, 4U, 0U})
                to += digits[(unit.code >> shift) & 0xfU];
        } else {
            to += bytes;
        }
    }
    to += '"';
}

/// What is shown of a value: at most `value_bytes_max` bytes, never half a character.
std::string_view shortened(std::string_view text) noexcept {
    if (text.size() <= value_bytes_max)
        return text;
    std::size_t end = value_bytes_max;
    // A UTF-8 character has at most three bytes behind its first.
    for (int back = 0; back < 3 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U; ++back)
        --end;
    return text.substr(0, end);
}

bool needs_quotes(std::string_view text) noexcept {
    if (text.empty())
        return true;
    while (!text.empty()) {
        const utf8_unit unit = next_utf8(text);
        text.remove_prefix(unit.bytes);
        if (!unit.is_valid || unit.code == ' ' || unit.code == '=' || unit.code == '"' || unit.code == '\\' ||
            is_disturbing(unit.code))
            return true;
    }
    return false;
}

/// Keys are constants of ours; one that holds anything else still can't break the line.
void append_key(std::string& to, std::string_view key) {
    for (const char c : key) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                              c == '_' || c == '.' || c == '-';
        to += is_plain ? c : '_';
    }
}

void append_number(std::string& to, auto value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    to.append(digits.data(), end.ptr);
}

void append_text_value(std::string& to, std::string_view text) {
    const std::string_view shown = shortened(text);
    const bool is_quoted = needs_quotes(shown);
    if (is_quoted)
        to += '"';
    append_text_escaped(to, shown, is_quoted);
    if (shown.size() < text.size())
        to += cut_mark;
    if (is_quoted)
        to += '"';
}

void append_json_value(std::string& to, std::string_view text) {
    const std::string_view shown = shortened(text);
    append_json_string(to, shown);
    if (shown.size() < text.size())
        to.insert(to.size() - 1, cut_mark);
}

void append_value(std::string& to, const field& what, format layout) {
    if (const auto* text = std::get_if<std::string_view>(&what.value)) {
        if (layout == format::json)
            append_json_value(to, *text);
        else
            append_text_value(to, *text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&what.value)) {
        append_number(to, *integer);
    } else if (const auto* real = std::get_if<double>(&what.value)) {
        if (layout == format::json && !std::isfinite(*real))
            to += "null"; // JSON has no word for it.
        else
            append_number(to, *real);
    } else {
        to += std::get<bool>(what.value) ? "true" : "false";
    }
}

} // namespace

std::string_view to_string(level at) noexcept {
    switch (at) {
    case level::debug:
        return "debug";
    case level::info:
        return "info";
    case level::warn:
        return "warn";
    case level::error:
        break;
    }
    return "error";
}

std::optional<level> parse_level(std::string_view name) noexcept {
    for (const level at : {level::debug, level::info, level::warn, level::error}) {
        if (name == to_string(at))
            return at;
    }
    return std::nullopt;
}

std::string format_line(line_style style, wall_time now, level at, std::string_view message,
                        std::span<const field> fields) {
    std::string line;
    line.reserve(160);
    if (style.layout == format::json) {
        line += R"({"time":")";
        line += to_rfc3339(now);
        line += R"(","level":")";
        line += to_string(at);
        line += R"(","message":)";
        append_json_string(line, message);
        for (const field& each : fields) {
            line += ",\"";
            append_key(line, each.key);
            line += "\":";
            append_value(line, each, style.layout);
        }
        line += '}';
        return line;
    }
    if (!style.is_journal) {
        line += to_rfc3339(now);
        line += ' ';
    }
    line += to_string(at);
    line += ' ';
    append_text_escaped(line, message, false);
    for (const field& each : fields) {
        line += ' ';
        append_key(line, each.key);
        line += '=';
        append_value(line, each, style.layout);
    }
    return line;
}

void append_plain_value(std::string& to, const field& what) {
    const auto* const text = std::get_if<std::string_view>(&what.value);
    if (text == nullptr) {
        append_value(to, what, format::text);
        return;
    }
    const std::string_view shown = shortened(*text);
    to += shown;
    if (shown.size() < text->size())
        to += cut_mark;
}

bool is_journal_stream(std::string_view journal_stream, std::uint64_t device, std::uint64_t inode) noexcept {
    const char* const end = journal_stream.data() + journal_stream.size();
    std::uint64_t named_device = 0;
    std::uint64_t named_inode = 0;
    const auto first = std::from_chars(journal_stream.data(), end, named_device);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':')
        return false;
    const auto second = std::from_chars(first.ptr + 1, end, named_inode);
    return second.ec == std::errc{} && second.ptr == end && named_device == device && named_inode == inode;
}

} // namespace outreachd::log
