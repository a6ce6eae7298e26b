/// Which events have to be handled one after the other.
#pragma once

#include "daemon/event/event.hpp"

#include <cstdint>

namespace outreachd {

/// The same for all events of one resource, on every host and after every restart; 0 for an event
/// without an id. Two resources that happen to share a key are merely handled in turn.
std::uint64_t ordering_key(const event_facts& facts);

} // namespace outreachd
