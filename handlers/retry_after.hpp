/// How long a server asks its clients to wait.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace outreachd::handlers {

/// The wait that a `Retry-After` or `X-RateLimit-Reset` asks for: a number of seconds, a number so large
/// that it is a time in seconds since 1970 (contract 8.3), an HTTP date (RFC 9110, 5.6.7 and 10.2.3) or an
/// ISO 8601 time. At least zero, at most ten years. Nothing where the text is none of them. Any thread.
std::optional<std::chrono::milliseconds> parse_wait(std::string_view text, wall_time now);

/// The same, for who has a backoff of his own: nothing, too, where the text asks for no wait, or for one up
/// to a time that has passed, by this clock or by that one.
std::optional<std::chrono::milliseconds> parse_wait_left(std::string_view text, wall_time now);

} // namespace outreachd::handlers
