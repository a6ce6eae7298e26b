/// When a grant may be asked for, of a user's tokens and of an install's alike.
#pragma once

#include <chrono>

namespace outreachd::handlers::outreach {

/// Between two grants of a user and app (contract 7.9).
inline constexpr std::chrono::seconds grant_interval{60};
inline constexpr std::chrono::seconds grant_timeout{20};
inline constexpr std::chrono::seconds grant_backoff_first{2};
inline constexpr std::chrono::minutes grant_backoff_max{5};
/// A time further ahead was written by a clock that has been put back since.
inline constexpr std::chrono::minutes grant_wait_max{15};

} // namespace outreachd::handlers::outreach
