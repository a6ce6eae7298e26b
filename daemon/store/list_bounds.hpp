/// What bounds a list that people ask for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace outreachd::store {

inline constexpr std::size_t list_limit_max = 1000;
inline constexpr std::int64_t candidates_per_piece = 500; // some milliseconds of a read transaction
inline constexpr std::chrono::seconds list_time_max{5};   // then what was found is the answer

} // namespace outreachd::store
