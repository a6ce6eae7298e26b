/// What the `headers` of handlers have in common, whatever may be a header's name.
#pragma once

#include "daemon/settings/section_reader.hpp"
#include "daemon/settings/settings.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace outreachd::settings {

/// Gives each entry of `headers` to `read`, which judges its name. None where there is no such map, or where
/// it has over 64, which is an error.
void for_each_header(const section_reader& section,
                     const std::function<void(const value_ref& map, const yaml_entry& entry)>& read);

/// Judges the name of an HTTP header: a token (RFC 9110, 5.6.2), not one that follows from the request, and
/// not one of `seen`. False where it is no name at all; other errors leave the value to be judged as well.
bool check_http_header_name(const value_ref& map, const yaml_node& name, std::set<std::string>& seen);

/// The value, which may hold `${{ }}`, of a header whose name is sound.
void read_header_value(const value_ref& map, const yaml_entry& entry, std::vector<header>& into);

} // namespace outreachd::settings
