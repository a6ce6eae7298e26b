/// W3C Trace Context (level 1), so that what a delivery causes elsewhere can be found.
#pragma once

#include "daemon/event/event_id.hpp"

#include <string>

namespace outreachd {

/// A `traceparent` for one attempt: version 00, the event's id as the trace's, so that all deliveries and
/// attempts of an event are one trace that can be searched for by it; a new random span; the sampled flag.
/// Any thread.
std::string make_trace_parent(const event_id& event);

} // namespace outreachd
