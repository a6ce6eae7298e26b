/// The configuration in force as JSON.
#pragma once

#include "daemon/settings/settings.hpp"

#include <string>

namespace outreachd::admin {

/// Under the keys that the file has, with the defaults of those that it hasn't.
///
/// Not what is secret, nor what people write credentials into: of headers, variables and a program's
/// arguments there are names and numbers, of a handler's URL scheme and host, of a body that there is one. A
/// secret that is set is `true`, several are a number.
std::string to_json(const settings::settings& in_force);

} // namespace outreachd::admin
