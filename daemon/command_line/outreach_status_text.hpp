/// What `status` says of Outreach.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <boost/json/value.hpp>

#include <string>

namespace outreachd::command_line {

/// Lines on the webhooks at Outreach and on the backfill, for a terminal; empty where `answer`, of
/// `/api/status`, tells of neither. Which webhooks send nothing is among the reasons.
std::string outreach_status_text(const boost::json::value& answer, wall_time now);

} // namespace outreachd::command_line
