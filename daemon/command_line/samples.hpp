/// A realistic body of every event that Outreach is known to send (contract section 4).
#pragma once

#include "daemon/event/event_id.hpp"
#include "daemon/event/timestamp.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::command_line {

/// What makes one body differ from the next of the same name.
struct sample_identity {
    wall_time now{};            ///< When Outreach would have sent it.
    event_id job{};             ///< `meta.jobId`; the id itself of an install.
    std::uint64_t resource = 0; ///< `data.id` of everything else.
};

/// Every name there is a sample of, by resource, each once: `account.created` to `install.deleted`.
const std::vector<std::string>& sample_names();

/// The body of `name`, compact as Outreach writes it. `name` is one of `sample_names()`. Pure.
std::string sample_body(std::string_view name, const sample_identity& identity);

} // namespace outreachd::command_line
