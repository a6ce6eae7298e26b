/// Where requests go that failed the signature and may yet turn out to be genuine.
#pragma once

#include "daemon/event/event.hpp"

#include <functional>
#include <string>

namespace outreachd::ingress {

/// Takes a request to a known path whose signature has the right form and fits no secret, and
/// why it failed. Called on an I/O thread, before the 401: must not block, and drops what it has no room
/// for. May be empty.
using quarantine_sink = std::function<void(const std::string& reason, received_request request)>;

} // namespace outreachd::ingress
