/// An event as a CloudEvent (CloudEvents 1.0.2, JSON format, structured mode).
#pragma once

#include "daemon/event/event.hpp"

#include <string>

namespace outreachd::handlers {

inline constexpr const char* cloud_event_content_type = "application/cloudevents+json";

/// `id` is the event's, so that with `source` it names it for good; `type` is its name; `subject` is
/// `resource/resource_id`, where it has an id; `time` is when it was received, the one time that every
/// event has. `data` is the body, byte for byte, or `data_base64` where it isn't JSON. Any thread.
std::string cloud_event(const event& subject);

} // namespace outreachd::handlers
