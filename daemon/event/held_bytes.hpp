/// What a request takes in memory while it is held.
#pragma once

#include "daemon/event/event.hpp"

#include <cstddef>

namespace outreachd {

/// What is held by the request's strings and lists, the object itself apart. Many short headers take several
/// times what they took on their way.
std::size_t held_bytes(const received_request& request) noexcept;

} // namespace outreachd
