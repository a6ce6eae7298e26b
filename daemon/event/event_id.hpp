/// An event's and a delivery's identity: UUIDs (RFC 9562).
#pragma once

#include "daemon/event/timestamp.hpp"

#include <boost/uuid/uuid.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd {

using event_id = boost::uuids::uuid;

/// A new UUIDv7: the time in milliseconds, then 74 random bits. Any thread.
event_id make_event_id(wall_time now);

/// The time a UUIDv7 was made, to the millisecond.
wall_time time_of(const event_id& id) noexcept;

/// The UUIDv5 of the event's id and the handler's name (the same on every host). A `replay`
/// of the event above zero gives each replay deliveries of its own.
event_id delivery_id(const event_id& event, std::string_view handler, std::uint64_t replay = 0);

/// The UUIDv5 of a delivery's id and a name for one of the requests that it is.
event_id request_id(const event_id& delivery, std::string_view request);

/// The 36 characters of RFC 9562, in lower case.
std::string to_string(const event_id& id);

/// Nothing where `text` is not the 36 characters of a UUID, in either case.
std::optional<event_id> parse_event_id(std::string_view text) noexcept;

} // namespace outreachd
