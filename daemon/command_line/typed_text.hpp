/// What is typed, or comes by a pipe.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace outreachd::command_line {

/// For an answer at the terminal.
inline constexpr std::chrono::minutes question_timeout{10};

/// One line without its end, of at most 16 KiB. Blocks until then. Nothing at the end of the input, at the
/// deadline, and where it was interrupted.
std::optional<std::string> read_line(int descriptor, steady_time deadline);

struct data_text {
    std::string text{};
    std::string problem{}; ///< Why there is none. Empty: there is.
};

/// Of what a request to Outreach's API holds.
inline constexpr std::size_t data_bytes_max = 16UL * 1024 * 1024;

/// `TEXT`, `@FILE` or `-`, the standard input; at most `bytes_max` of it.
data_text read_data(const std::string& given, int standard_input, std::size_t bytes_max);

} // namespace outreachd::command_line
