/// Who answers what.
#pragma once

#include "daemon/sandbox/world.hpp"

namespace outreachd::sandbox {

/// `/api/v2`: everything that needs an access token, and counts.
response answer_rest(world& in, const request& asked);
/// `/oauth/authorize` and `/oauth/token`.
response answer_oauth(world& in, const request& asked);
/// `/api/app/installs/...`: server to server.
response answer_install(world& in, const request& asked);
/// `PUT /sandbox/uploads/KEY`: what Amazon's S3 is to Outreach.
response answer_upload(world& in, const request& asked);
/// `/sandbox/...`: the simulation's own controls.
response answer_control(world& in, const request& asked);

} // namespace outreachd::sandbox
