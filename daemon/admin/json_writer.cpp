/// Writes JSON text.
#include "daemon/admin/json_writer.hpp"

#include "daemon/text/utf8.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace outreachd::admin {

namespace {

void append_escaped(std::string& to, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    to.reserve(to.size() + text.size() + 2);
    while (!text.empty()) {
        const utf8_unit unit = next_utf8(text);
        if (!unit.is_valid) {
            to += "\\ufffd";
        } else if (unit.code == '"' || unit.code == '\\') {
            to += '\\';
            to += static_cast<char>(unit.code);
        } else if (unit.code == '\n') {
            to += "\\n";
        } else if (unit.code < 0x20 || (unit.code >= 0x7f && unit.code <= 0x9f)) {
            to += "\\u00";
            to += digits[unit.code >> 4U];
            to += digits[unit.code & 0xfU];
        } else {
            to += text.substr(0, unit.bytes);
        }
        text.remove_prefix(unit.bytes);
    }
}

} // namespace

void json_writer::begin_value() {
    if (needs_comma_)
        text_ += ',';
    needs_comma_ = true;
}

void json_writer::open(char bracket) {
    begin_value();
    text_ += bracket;
    needs_comma_ = false;
}

void json_writer::close(char bracket) {
    text_ += bracket;
    needs_comma_ = true;
}

void json_writer::key(std::string_view name) {
    value(name);
    text_ += ':';
    needs_comma_ = false;
}

void json_writer::value(std::string_view text) {
    begin_value();
    text_ += '"';
    append_escaped(text_, text);
    text_ += '"';
}

void json_writer::value(std::uint64_t number) {
    begin_value();
    text_ += std::to_string(number);
}

void json_writer::value(double number) {
    if (!std::isfinite(number)) {
        null();
        return;
    }
    begin_value();
    // Six digits behind the point are microseconds; more would be noise of the binary form.
    const double rounded = std::round(number * 1e6) / 1e6;
    std::array<char, 64> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), rounded);
    text_.append(digits.data(), end.ptr);
}

void json_writer::value(bool fact) {
    begin_value();
    text_ += fact ? "true" : "false";
}

void json_writer::null() {
    begin_value();
    text_ += "null";
}

void json_writer::member_or_null(std::string_view name, std::string_view text) {
    key(name);
    if (text.empty())
        null();
    else
        value(text);
}

void json_writer::time_or_null(std::string_view name, const std::optional<wall_time>& time) {
    key(name);
    if (time)
        value(to_rfc3339(*time));
    else
        null();
}

void json_writer::member(std::string_view name, const std::vector<std::string>& list) {
    key(name);
    begin_array();
    for (const std::string& each : list)
        value(each);
    end_array();
}

} // namespace outreachd::admin
