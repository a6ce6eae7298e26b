/// Which changes of the configuration a reload can't apply.
#pragma once

#include "daemon/settings/settings.hpp"

#include <string>
#include <vector>

namespace outreachd {

/// The keys that differ and need a restart, in full: `listen.port`, `store`, `admin` (design section 5).
std::vector<std::string> keys_for_restart(const settings::settings& running, const settings::settings& next);

} // namespace outreachd
