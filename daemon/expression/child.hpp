/// What runs in an engine's processes: this same program, begun again.
#pragma once

#include "daemon/expression/engine.hpp"

#include <string>
#include <vector>

namespace outreachd::expression {

/// True where an engine began this process. To be asked at the very start of `main`, by every program that
/// uses an engine: one that didn't ask may not begin a process, since that would be a second run of itself.
bool is_child(int argc, char** argv) noexcept;

/// Runs programs until the engine hangs up; returns the exit code. Nothing else may have been begun yet.
int run_child(int argc, char** argv) noexcept;

/// The exit code of a process that can't limit itself, as where a system call filter is too narrow.
inline constexpr int unlimited_status = 4;

/// Whether this program has asked `is_child`.
bool is_ready_for_children() noexcept;

/// What an engine begins a process with.
std::vector<std::string> child_arguments(const limits& bounds);

} // namespace outreachd::expression
