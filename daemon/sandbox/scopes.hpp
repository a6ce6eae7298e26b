/// What a token may do (contract 7.14 to 7.16, 7.26).
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace outreachd::sandbox {

using scope_set = std::set<std::string, std::less<>>;

/// Whether these hold `RESOURCE.LEVEL` or `RESOURCE.all`. Levels are not additive.
bool allows(const scope_set& scopes, std::string_view resource, std::string_view level);

/// Separated by spaces.
scope_set read_scopes(std::string_view text);
std::string scope_text(const scope_set& scopes);

/// The first that isn't a level of a resource there is; empty where all are.
std::string unknown_scope(const scope_set& scopes);

/// `.all` of every resource.
scope_set all_scopes();
/// What a server-to-server token can have.
scope_set s2s_scopes();

} // namespace outreachd::sandbox
