/// What a program of the `exec` handler is told by its environment.
#pragma once

#include "daemon/settings/settings.hpp"
#include "handlers/handler.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::handlers {

/// Of the daemon's own environment what programs need and that is no secret. A PATH in any case.
std::vector<settings::exec_variable> passed_on_environment();

/// The event's fields, all of them but the body; empty where the event has none. Pure; any thread.
std::vector<settings::exec_variable> delivery_environment(const attempt& what, std::string_view handler);

/// Sets `one`, in place of another of its name.
void set_variable(std::vector<settings::exec_variable>& in, settings::exec_variable one);

/// The name of the first that holds a NUL, which would end it: no environment can carry that.
std::optional<std::string> variable_with_nul(const std::vector<settings::exec_variable>& among);

} // namespace outreachd::handlers
