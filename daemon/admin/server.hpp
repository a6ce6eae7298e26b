/// The admin server: liveness, readiness, metrics and the API of the command line, on a port of its own.
#pragma once

#include "daemon/admin/services.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"

#include <cstdint>
#include <memory>

namespace outreachd::admin {

/// HTTP/1.1 in plain TCP on `admin.address`. It answers from a thread of its own that touches neither
/// disk nor broker, so that it stays live when all else hangs; the store is read on a second thread.
///
/// Bounds: a head of 8 KiB, a body of 64 KiB, 5 s for each request and each answer's piece, 8 s for
/// the store, 64 connections (the one gives way that has waited longest for its client), 32 reads of the
/// store, one answer of more than 1 MiB at a time. A read whose client closes its end before its turn is left
/// out.
class server {
public:
    /// Listens when it returns. Throws std::runtime_error, naming address and cause, where it can't.
    server(const settings::admin& configured, const services& asked, log::logger& log);
    /// As `stop`, and waits for as long as it takes.
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// The port in use, where the configured one is 0.
    std::uint16_t port() const noexcept;

    /// Closes all connections, and waits until `until` for a read of the store that runs. Whether it has
    /// ended: one that hangs in the disk may not, and the process must then be left by _Exit. Called from
    /// one thread; again it only waits.
    bool stop(steady_time until);

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace outreachd::admin
