/// One event's whole story, as people read it.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <boost/json/value.hpp>

#include <iosfwd>

namespace outreachd::command_line {

/// Writes the story that the admin API tells of an event: what it is, what happened to it in order
/// of time, and how each delivery stands. Text from outside is escaped.
void write_event_story(const boost::json::value& story, wall_time now, std::ostream& out);

} // namespace outreachd::command_line
