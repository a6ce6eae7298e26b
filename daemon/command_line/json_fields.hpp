/// Reads members of JSON that came from outside, whatever they turn out to be.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace outreachd::command_line {

/// The member's text; a number or a boolean as it is written; empty where it is null, absent, a
/// list, an object, or `from` is no object.
std::string text_at(const boost::json::value& from, std::string_view key);

/// The handler that a delivery, or an attempt of one, names; `(no handler)` where none does.
std::string handler_of(const boost::json::value& from);

/// The resource of an event or delivery as --resource takes it: `task:330021`, or `task` where there is no
/// id. Empty where it has none.
std::string resource_of(const boost::json::value& from);

/// 0 where the member is no number.
double number_at(const boost::json::value& from, std::string_view key);

/// False where the member isn't `true`.
bool fact_at(const boost::json::value& from, std::string_view key);

/// The member's elements; none where it is no list.
const boost::json::array& list_at(const boost::json::value& from, std::string_view key);

/// The member's members; none where it is no object.
const boost::json::object& object_at(const boost::json::value& from, std::string_view key);

} // namespace outreachd::command_line
