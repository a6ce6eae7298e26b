/// An event's attributes as a CloudEvent (CloudEvents 1.0.2), whatever carries them.
#pragma once

#include "daemon/event/event.hpp"

#include <string>

namespace outreachd {

inline constexpr const char* cloud_event_version = "1.0";

/// Without the time, which is when the event was received, the one time that every event has: how exact it
/// is written is for the carrier to say. No value holds a control character.
struct cloud_attributes {
    std::string id;      ///< The event's, so that with `source` it names it for good.
    std::string source;  ///< As configured.
    std::string type;    ///< The event's name.
    std::string subject; ///< `resource/resource_id`; empty where it has no id.
};

/// Any thread.
cloud_attributes attributes_of(const event& subject);

} // namespace outreachd
