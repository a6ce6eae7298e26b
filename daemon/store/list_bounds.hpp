/// What bounds a list that people ask for.
#pragma once

#include <cstddef>
#include <cstdint>

namespace outreachd::store {

inline constexpr std::size_t list_limit_max = 1000;
inline constexpr std::int64_t candidates_per_piece = 500;  // some milliseconds of a read transaction
inline constexpr std::int64_t attempts_of_one_max = 1'000; // of one delivery, in a story

} // namespace outreachd::store
