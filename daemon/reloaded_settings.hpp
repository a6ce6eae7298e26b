/// The settings in force after a reload: some of the file that was read, some of what runs.
#pragma once

#include "daemon/settings/settings.hpp"

namespace outreachd {

/// Roles stay until a restart, and so does what the file no longer names for them: it goes from `running`
/// into `read`.
void keep_for_roles(const settings::settings& running, settings::settings& read);

/// Takes into `running` what a reload applies. What it can't, see `keys_for_restart`, stays.
void take_over(settings::settings& running, settings::settings read);

} // namespace outreachd
