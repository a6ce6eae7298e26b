/// What a developer finds in the sandbox.
#pragma once

#include "daemon/sandbox/records.hpp"

namespace outreachd::sandbox {

/// The user that consents to everything, and whose tokens are known at start.
inline constexpr record_id first_user = 1;

/// `is_empty`: the user alone, since tokens are somebody's.
void make_demo_data(records& into, bool is_empty);

} // namespace outreachd::sandbox
