/// Requests to forget a person (contract 11.20, 11.21).
#pragma once

#include "daemon/sandbox/world.hpp"

namespace outreachd::sandbox {

/// `POST /complianceRequests`, with attributes in either spelling. Throws refusal.
response request_compliance(world& in, std::string_view body);

} // namespace outreachd::sandbox
