/// Requests in quarantine as JSON.
#pragma once

#include "daemon/store/quarantine.hpp"

#include <string>
#include <vector>

namespace outreachd::admin {

/// Design section 10: `id received_at endpoint reason size`, and `peer`, who sent it.
std::string to_json(const std::vector<store::quarantine::entry>& requests);
/// The same of one, with its headers and body. Nothing of it has been proved genuine.
std::string to_json(const store::quarantine::entry& request);

} // namespace outreachd::admin
