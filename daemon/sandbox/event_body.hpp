/// The body of a webhook delivery (contract section 1).
#pragma once

#include "daemon/event/event_id.hpp"
#include "daemon/sandbox/records.hpp"

#include <string>

namespace outreachd::sandbox {

/// Compact, in the order that Outreach writes. `payload_version` 2 adds `beforeUpdate` to what is an update.
std::string event_body(const change& what, std::int64_t payload_version, wall_time now, const event_id& job);

/// `install.created` or `install.deleted`: an id that is a UUID, relationships wrapped, no job
/// (contract 1.31).
std::string install_body(const std::string& action, const std::string& install, const std::string& app,
                         const std::string& org, const std::string& api, wall_time now);

} // namespace outreachd::sandbox
