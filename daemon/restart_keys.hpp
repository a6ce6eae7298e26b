/// Which changes of the configuration a reload can't apply.
#pragma once

#include "daemon/settings/settings.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace outreachd {

/// The keys that differ and need a restart, in full: `listen.port`, `store`, `admin`.
/// `repeat_window`: for how long the store has remembered repeats since its start.
std::vector<std::string> keys_for_restart(const settings::settings& running, const settings::settings& next,
                                          std::chrono::milliseconds repeat_window);

} // namespace outreachd
