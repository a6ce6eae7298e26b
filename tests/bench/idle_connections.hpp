/// Many TLS connections that have each served one request and then only cost memory.
#pragma once

#include "tests/bench/load.hpp"
#include "tests/bench/process_usage.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace outreachd::bench {

struct idle_result {
    std::size_t opened = 0;     ///< Answered their one request with 200.
    std::size_t failed = 0;     ///< Didn't.
    std::size_t still_open = 0; ///< At the second look at the server's memory.
    std::string first_failure;
    process_usage before; ///< After one request on a connection that was closed again.
    process_usage after;
};

/// Opens `connections`, a few handshakes at a time, waits for `hold`, looks, and closes them.
/// Throws where this process may not have as many descriptors.
idle_result hold_idle(std::size_t connections, std::chrono::nanoseconds hold, const load_plan& plan,
                      const tls_context& context, const target& to, const process_group& server);

/// Raises the limit of open descriptors to the hard one. Throws std::runtime_error where that is below
/// `needed`.
void allow_descriptors(std::size_t needed);

} // namespace outreachd::bench
