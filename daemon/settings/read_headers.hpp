/// What the `headers` of handlers have in common, whatever may be a header's name.
#pragma once

#include "daemon/settings/section_reader.hpp"
#include "daemon/settings/settings.hpp"

#include <functional>
#include <vector>

namespace outreachd::settings {

/// Gives each entry of `headers` to `read`, which judges its name. None where there is no such map, or where
/// it has over 64, which is an error.
void for_each_header(const section_reader& section,
                     const std::function<void(const value_ref& map, const yaml_entry& entry)>& read);

/// The value, which may hold `${{ }}`, of a header whose name is sound.
void read_header_value(const value_ref& map, const yaml_entry& entry, std::vector<header>& into);

} // namespace outreachd::settings
