/// Connections that send a byte every few seconds, to see what they cost the others.
///
/// By turns they dawdle in the TLS handshake, in the headers, and in the body. One that the server ends is
/// opened again soon, so that their number stays the same.
#pragma once

#include "tests/bench/signed_request.hpp"
#include "tests/bench/tls_connection.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace outreachd::bench {

struct slow_plan {
    std::size_t connections = 0;
    std::chrono::nanoseconds interval{}; ///< Between two bytes of a connection.
    request_shape shape;
};

/// Written by the connections' thread, read by any.
struct slow_counts {
    std::atomic<std::uint64_t> connections = 0; ///< Begun so far.
    std::atomic<std::uint64_t> ended = 0;       ///< By the server.
    std::atomic<std::uint64_t> bytes = 0;       ///< Sent slowly.
    std::atomic<std::size_t> dawdling = 0;      ///< Open, with something sent, at the last look.
};

/// Runs in a thread of its own from construction to destruction.
class slow_connections {
public:
    /// The context and the target outlive it.
    slow_connections(const slow_plan& plan, const tls_context& context, const target& to);
    ~slow_connections();
    slow_connections(const slow_connections&) = delete;
    slow_connections& operator=(const slow_connections&) = delete;

    const slow_counts& counts() const { return counts_; }

private:
    std::atomic<bool> stops_ = false;
    slow_counts counts_;
    std::thread thread_; // Last: it uses the others.
};

} // namespace outreachd::bench
