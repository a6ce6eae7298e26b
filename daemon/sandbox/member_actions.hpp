/// `POST /plural/ID/actions/NAME` (contract 6.27, 11.8, 11.11, 11.14).
#pragma once

#include "daemon/sandbox/query.hpp"
#include "daemon/sandbox/world.hpp"

namespace outreachd::sandbox {

/// Parameters by name, as `actionParams[NAME]` gives them.
using action_parameters = std::map<std::string, std::string, std::less<>>;

/// Throws refusal: 400 for one that the action doesn't take, 422 for one that is missing.
action_parameters read_action_parameters(const action& called, const std::vector<parameter>& query);

/// Throws refusal: 404 where there is no such action, else as above, or 422 where it can't be done.
void run_member_action(world& in, record& subject, const std::string& name,
                       const std::vector<parameter>& query, std::optional<record_id> user);

} // namespace outreachd::sandbox
