/// How a log line looks: pure functions from a message and its fields to text.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/log/logger.hpp"

#include <span>
#include <string>
#include <string_view>

namespace outreachd::log {

/// Bytes of a value that are shown; the rest is replaced by `cut_mark`.
inline constexpr std::size_t value_bytes_max = 256;
/// Stands behind a value that was cut.
inline constexpr std::string_view cut_mark = "\u2026";

struct line_style {
    format layout = format::text;
    /// The reader is systemd's journal, which has a clock of its own.
    bool is_journal = false;
};

std::string_view to_string(level at) noexcept;

/// One line without its end, whatever the values hold.
///
/// Text: `TIME level message key=value key="quoted value"`, for the journal without the time. Control
/// characters, bytes that aren't UTF-8, and characters that move or turn text on a terminal are shown as
/// `\xNN`, or as `\n`, `\r`, `\t`. JSON: an object that opens with `time`, `level`, `message`; bytes that
/// aren't UTF-8 become U+FFFD.
std::string format_line(line_style style, wall_time now, level at, std::string_view message,
                        std::span<const field> fields);

/// Appends a value as it is, cut where a line cuts it: nothing is escaped, and its bytes may be any.
void append_plain_value(std::string& to, const field& what);

/// Whether `JOURNAL_STREAM` (systemd.exec(5): `device:inode`) names the file that a stream is.
bool is_journal_stream(std::string_view journal_stream, std::uint64_t device, std::uint64_t inode) noexcept;

} // namespace outreachd::log
