/// How our requests call themselves.
#pragma once

#include <string_view>

namespace outreachd::handlers::outreach {

inline constexpr std::string_view user_agent = "outreachd/" OUTREACHD_VERSION;

} // namespace outreachd::handlers::outreach
