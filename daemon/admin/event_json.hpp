/// Events and deliveries as JSON, with the names that the command line shows (design section 10).
#pragma once

#include "daemon/store/records.hpp"

#include <string>
#include <vector>

namespace outreachd::admin {

/// An array of events, each with its deliveries.
std::string to_json(const std::vector<store::event_record>& events);

/// One event's whole story: its fields, headers, size, its body (`body` as text, or `body_base64` where
/// it isn't UTF-8), deliveries with their last answers, attempts. Never the cleanup token.
std::string to_json(const store::event_story& story);

} // namespace outreachd::admin
