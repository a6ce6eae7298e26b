/// Reads the parameters of `GET /api/events`.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/store/records.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace outreachd::admin {

/// Says which parameter is wrong, how, and what is allowed.
struct bad_parameter {
    std::string message;
};

/// `limit before since state name resource handler`, each at most once; an empty query is the default list.
std::variant<store::event_filter, bad_parameter> parse_event_query(std::string_view query, wall_time now);

/// RFC 3339, or how long ago: `90s 15m 2h 7d`.
std::optional<wall_time> parse_since(std::string_view text, wall_time now);

/// Undoes percent-encoding, and `+` for a space. Nothing where a `%` isn't followed by two digits.
std::optional<std::string> percent_decode(std::string_view text);

} // namespace outreachd::admin
