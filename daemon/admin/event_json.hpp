/// Events and deliveries as JSON, with the names that the command line shows (deploy/openapi.yaml).
#pragma once

#include "daemon/admin/json_writer.hpp"
#include "daemon/store/records.hpp"

#include <string>
#include <vector>

namespace outreachd::admin {

/// An array of events, each with its deliveries.
std::string to_json(const std::vector<store::event_record>& events);

/// One event's whole story: its fields, how it came here, headers, size, its body (`body` as text, or
/// `body_base64` where it isn't UTF-8), deliveries with their last answers, attempts, and how many older ones
/// are left out. Never the cleanup token.
std::string to_json(const store::event_story& story);

/// An array of dead deliveries.
std::string to_json(const std::vector<store::dead_delivery>& dead);

/// One dead delivery with its last answer, its attempts, how many older ones are left out, and its event.
std::string to_json(const store::event_story& story, const store::delivery_record& dead);

/// The member `headers`.
void write_headers(json_writer& json, const std::vector<header>& headers);
/// The member `body`, or `body_base64` where it isn't UTF-8.
void write_body(json_writer& json, const std::string& body);

} // namespace outreachd::admin
