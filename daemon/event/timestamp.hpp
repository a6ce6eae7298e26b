/// Points in time, as they are kept and as they are written.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd {

/// Wall-clock time: what people and other programs see. Deadlines use `steady_time`.
using wall_time = std::chrono::sys_time<std::chrono::microseconds>;
using steady_time = std::chrono::steady_clock::time_point;

wall_time wall_now() noexcept;
/// The steady clock's milliseconds, as an atomic can keep them.
std::int64_t steady_ms() noexcept;

/// RFC 3339 in UTC with milliseconds: `2026-11-21T08:22:55.123Z`.
std::string to_rfc3339(wall_time time);

/// Reads ISO 8601 as Outreach writes it (contract 1.7): with or without a fraction of up to nine
/// digits, `Z`, an offset, or no zone at all, which is UTC. Nothing where the text is anything else.
std::optional<wall_time> parse_timestamp(std::string_view text) noexcept;

} // namespace outreachd
