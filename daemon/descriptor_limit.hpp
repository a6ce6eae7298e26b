/// Makes the limit on open files and the limit on connections agree.
#pragma once

#include <cstdint>

namespace outreachd {

/// How many connections fit beside the daemon's own files where `descriptors` may be open.
std::uint64_t connections_within(std::uint64_t descriptors) noexcept;

/// Raises the soft limit on open files (RLIMIT_NOFILE) to the hard one, and gives what holds then.
///
/// The usual soft limit of 1,024 is there for programs that use select(2), which nothing here does.
/// Called before there are threads.
std::uint64_t raise_descriptor_limit() noexcept;

} // namespace outreachd
