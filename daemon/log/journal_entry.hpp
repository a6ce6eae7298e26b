/// How an entry of systemd's journal looks: pure functions from a message and its fields to the bytes that
/// journald's native protocol takes (systemd.io/JOURNAL_NATIVE_PROTOCOL), and back to a line.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/log/logger.hpp"

#include <span>
#include <string>
#include <string_view>

namespace outreachd::log {

/// Bytes of a field's name that journald takes; it drops a field whose name is longer.
inline constexpr std::size_t field_name_bytes_max = 64;

/// One entry: PRIORITY, MESSAGE, SYSLOG_FACILITY, SYSLOG_IDENTIFIER, and each field as `field_name` calls it.
///
/// MESSAGE is the line that `format_line` makes for a reader with a clock of its own. The fields hold the
/// true bytes of their values, cut where the line cuts them, so that a search for one finds it as it came.
std::string format_entry(format layout, wall_time now, level at, std::string_view message,
                         std::span<const field> fields);

/// `OUTREACHD_` and the key in capitals: letters, digits and `_`, cut at `field_name_bytes_max`.
std::string field_name(std::string_view key);

/// What stands for an entry of `format_entry` at standard error, where that is the journal: its MESSAGE
/// behind its priority as sd-daemon(3) wants it, and a line end.
std::string line_of_entry(std::string_view entry);

} // namespace outreachd::log
