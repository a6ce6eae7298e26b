/// How an entry of systemd's journal looks.
#include "daemon/log/journal_entry.hpp"

#include "daemon/log/line.hpp"

#include <cassert>

namespace outreachd::log {

namespace {

constexpr std::string_view priority_name = "PRIORITY=";
constexpr std::string_view message_name = "MESSAGE=";
/// Those that the lines at standard error have by the unit's defaults: `daemon`, and the program's name.
/// Without the first a syslog daemon that the journal is forwarded to would take them for a user's.
constexpr std::string_view origin = "SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=outreachd\n";

/// As syslog(3) counts.
char priority_of(level at) noexcept {
    switch (at) {
    case level::debug:
        return '7';
    case level::info:
        return '6';
    case level::warn:
        return '4';
    case level::error:
        break;
    }
    return '3';
}

void append_little_endian(std::string& to, std::uint64_t number) {
    for (unsigned shift = 0; shift < 64; shift += 8)
        to += static_cast<char>((number >> shift) & 0xffU);
}

void append_field(std::string& to, const field& what) {
    to += field_name(what.key);
    std::string value;
    append_plain_value(value, what);
    if (value.find('\n') == std::string::npos) {
        to += '=';
    } else { // A line end within would be taken for the field's own, and what follows for further fields.
        to += '\n';
        append_little_endian(to, value.size());
    }
    to += value;
    to += '\n';
}

} // namespace

std::string field_name(std::string_view key) {
    std::string name = "OUTREACHD_";
    for (const char c : key.substr(0, field_name_bytes_max - name.size())) {
        if (c >= 'a' && c <= 'z')
            name += static_cast<char>(c - 'a' + 'A');
        else
            name += (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
    }
    return name;
}

std::string format_entry(format layout, wall_time now, level at, std::string_view message,
                         std::span<const field> fields) {
    std::string entry;
    entry.reserve(512);
    entry += priority_name;
    entry += priority_of(at);
    entry += '\n';
    entry += message_name;
    entry += format_line({layout, true}, now, at, message, fields); // It never holds a line end.
    entry += '\n';
    entry += origin;
    for (const field& each : fields)
        append_field(entry, each);
    return entry;
}

std::string line_of_entry(std::string_view entry) {
    assert(entry.starts_with(priority_name));
    const char priority = entry.at(priority_name.size());
    entry.remove_prefix(priority_name.size() + 2);
    assert(entry.starts_with(message_name));
    entry.remove_prefix(message_name.size());
    std::string line{'<', priority, '>'};
    line += entry.substr(0, entry.find('\n') + 1);
    return line;
}

} // namespace outreachd::log
