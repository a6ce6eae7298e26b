/// The simulated Outreach as a server, for `outreachd sandbox` and for tests.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/sandbox/fault_book.hpp"
#include "daemon/sandbox/options.hpp"
#include "daemon/sandbox/webhook_feed.hpp"
#include "daemon/sandbox/world.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::sandbox {

/// Plain HTTP/1.1 with keep-alive on a loopback address: no server for the open. One thread of its own reads,
/// answers and delivers webhooks; all records are that thread's alone, and gone when the server is.
///
/// Bounds: a head of 64 KiB, a body of 64 MiB, 256 connections, 60 s for a request.
class server {
public:
    /// `log` outlives it. Throws std::invalid_argument where the address is none of this machine's loopback.
    server(options configured, log::logger& log);
    ~server(); ///< Stops.
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// Listens when it returns. Once. Throws std::runtime_error, naming address and cause, where it can't.
    void start();
    /// Closes all connections, drops what was being delivered. Again it does nothing.
    void stop();

    std::uint16_t port() const noexcept;
    std::string origin() const;   ///< `http://127.0.0.1:8810`
    std::string base_url() const; ///< `http://127.0.0.1:8810/api/v2`

    // These ask the server's thread and wait for it, between `start` and `stop`. Any other thread.
    void inject(fault what);
    void clear_faults();
    std::size_t faults_left() const; ///< Those that haven't applied as often as they shall.
    void expire_access_tokens();
    /// Whether it is good still.
    bool takes_refresh_token(const std::string& token) const;
    void set_limit(std::uint64_t remaining, std::chrono::milliseconds reset_in);
    std::vector<delivery> deliveries() const;
    std::vector<seen_request> requests() const;

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace outreachd::sandbox
