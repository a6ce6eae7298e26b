/// An event as a row of the table `events`, with the checksums that prove it whole.
#pragma once

#include "daemon/store/database.hpp"
#include "daemon/store/records.hpp"

namespace outreachd::store {

/// `INSERT OR IGNORE`: an event whose id is there already is left as it is.
inline constexpr const char* insert_event_sql =
    "INSERT OR IGNORE INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

/// All columns in order, for `read_event_row`.
inline constexpr const char* event_columns =
    "sequence,id,name,resource,action,resource_id,job_id,delivered_at,is_readable,received_at,endpoint,"
    "source,content_type,outreach_event_id,headers,cleanup_token,body_digest,checksum,body";

inline constexpr int event_column_count = 19;

/// `name LF value LF …`: neither can hold a line feed, the framing gate sees to it.
std::string join_headers(const std::vector<header>& headers);
std::vector<header> split_headers(std::string_view joined);

/// True where a row was added.
bool insert_event(database& into, statement& insert, sequence at, const event& what);

/// Reads the row that `from` stands on. `subject` is null where a checksum doesn't hold.
stored_event read_event_row(const statement& from);

inline std::int64_t to_number(wall_time time) noexcept {
    return time.time_since_epoch().count();
}

inline wall_time to_wall_time(std::int64_t micros) noexcept {
    return wall_time{std::chrono::microseconds{micros}};
}

inline std::optional<std::int64_t> to_number(const std::optional<wall_time>& time) noexcept {
    return time ? std::optional{to_number(*time)} : std::nullopt;
}

inline std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::span<const std::uint8_t> bytes_of(const event_id& id) noexcept {
    return {id.data, id.size()};
}

} // namespace outreachd::store
