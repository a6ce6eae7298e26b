/// W3C Trace Context (level 1), so that what led to an event, and what it causes elsewhere, can be found.
#pragma once

#include "daemon/event/event.hpp"

#include <string>
#include <string_view>

namespace outreachd {

/// The header's name; among an event's headers it stands in just this spelling.
inline constexpr const char* trace_parent_name = "traceparent";

/// Whether a value is one that may be gone on with (3.2.2, 4.3): not of version ff, ids not all zeros, and
/// nothing behind the flags but what a later version may have.
bool is_trace_parent(std::string_view value) noexcept;

/// What of such a value is kept: what a later version has behind the flags is left away.
inline constexpr std::size_t trace_parent_size = 55;

/// The 32 digits of the trace that the event's request came with, from a proxy in front or another daemon's
/// message; else the event's id without its hyphens. Any thread.
std::string trace_id_of(const event& subject);

/// A `traceparent` for one attempt: version 00, the event's trace, so that all deliveries and attempts of an
/// event are one trace; a new random span; sampled, unless the request came with a trace that isn't. Any
/// thread.
std::string make_trace_parent(const event& subject);

} // namespace outreachd
