/// Durations and points in time as people say and type them.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <chrono>
#include <string>

namespace outreachd::command_line {

/// The largest unit that fits, and the next one below an hour's precision: `0 s`, `42 s`, `5 min`,
/// `3 h 12 min`, `2 d 4 h`.
std::string spoken(std::chrono::seconds span);

/// `0.35 ms`, `12.4 ms`, `1.20 s`.
std::string spoken_short(std::chrono::microseconds span);

/// `3 s ago`; `in 5 min` for what is still to come.
std::string spoken_relative(wall_time then, wall_time now);

} // namespace outreachd::command_line
