/// Reads the parameters of the API's lists.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/store/records.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace outreachd::admin {

/// How much a list holds where nobody says.
inline constexpr std::size_t limit_default = 50;

/// Says which parameter is wrong, how, and what is allowed.
struct bad_parameter {
    std::string message;
};

/// What a query may hold; a path takes some of it.
struct list_query {
    std::optional<std::size_t> limit;
    std::string before; ///< An id, of whatever is listed.
    std::optional<wall_time> since;
    std::optional<store::event_state> state;
    std::string handler;
    std::string name; ///< A glob.
    std::string resource;
    std::string cursor; ///< Where a change of many goes on, as the answer to its last piece said.
};

/// Takes a value: nothing, or what is allowed instead.
using take_parameter =
    std::function<std::optional<std::string>(std::string_view name, const std::string& value)>;

/// Goes through a query, whose parameters stand in it at most once each, and are of `known`. Nothing, or what
/// is wrong.
std::optional<bad_parameter> read_parameters(std::string_view query, std::span<const std::string_view> known,
                                             const take_parameter& take);

/// As `read_parameters`.
std::variant<list_query, bad_parameter>
parse_list_query(std::string_view query, std::span<const std::string_view> known, wall_time now);

/// `limit before since state name resource handler`; an empty query is the default list.
std::variant<store::event_filter, bad_parameter> parse_event_query(std::string_view query, wall_time now);

/// The same without `state`, of dead deliveries.
std::variant<store::dead_filter, bad_parameter> parse_dead_query(std::string_view query, wall_time now);

/// RFC 3339, or how long ago: `90s 15m 2h 7d`.
std::optional<wall_time> parse_since(std::string_view text, wall_time now);

/// That `before` isn't an id of `what`.
bad_parameter bad_before(const std::string& value, std::string_view what);

/// Undoes percent-encoding, and `+` for a space. Nothing where a `%` isn't followed by two digits.
std::optional<std::string> percent_decode(std::string_view text);

} // namespace outreachd::admin
