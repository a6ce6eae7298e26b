/// Credentials of the simulation.
#pragma once

#include <string>

namespace outreachd::sandbox {

/// 40 hexadecimal digits that nobody has seen before.
std::string make_random();

/// One in three parts, as a JWT is; it begins as Outreach's do, `eyJh`.
std::string make_token();

} // namespace outreachd::sandbox
