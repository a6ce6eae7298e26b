/// The road between a client and a server, which a test can block in the ways that networks do.
#pragma once

#include "tests/servers/claimed_port.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <poll.h>

namespace outreachd::test_servers {

/// Listens on a port of 127.0.0.1 and forwards each connection to another port there. Where nothing listens
/// there a connection is accepted and reset.
///
/// One thread of its own relays. All functions may be called from any thread; what they say holds when they
/// return. The destructor resets all connections.
class tcp_proxy {
public:
    explicit tcp_proxy(std::uint16_t target); ///< Throws std::system_error where it can't listen.
    ~tcp_proxy();
    tcp_proxy(const tcp_proxy&) = delete;
    tcp_proxy& operator=(const tcp_proxy&) = delete;

    std::uint16_t port() const noexcept { return port_.number(); }

    /// Resets all connections, at both ends. New ones work.
    void cut();
    /// While true nothing is accepted: who connects is refused, as where no server runs. Connections that
    /// there are go on.
    void refuse(bool is_refusing);
    /// While true connections stay, and new ones are accepted, but nothing is forwarded in either direction,
    /// nor the end of a connection; it is when stalling ends, as far as it isn't more than buffers hold.
    void stall(bool is_stalled);
    /// From now on servers get no more than so many bytes a second, all together; what is more stays with the
    /// clients. 0: as many as come.
    void limit_to_server(std::size_t bytes_per_second);
    /// The same for what clients get.
    void limit_to_client(std::size_t bytes_per_second);
    /// Of the connections there are, every byte and every end that comes is lost from now on, as where a
    /// router has forgotten them. To both ends they look open until they are `cut`, or until that end gives
    /// them up. New connections work.
    void go_silent();

    /// How many there have been.
    std::size_t connections() const noexcept { return accepted_; }

    std::uint64_t bytes_to_server() const noexcept { return bytes_to_server_; }

    std::uint64_t bytes_to_client() const noexcept { return bytes_to_client_; }

private:
    class connection;

    /// How many bytes go in one direction for now.
    class allowance {
    public:
        void limit(std::size_t bytes_per_second);

        bool is_limited() const { return bytes_per_second_ > 0; }

        void refill(std::size_t connections);

        std::size_t left() const { return left_; }

        void take(std::size_t bytes) { left_ -= bytes; }

    private:
        std::size_t bytes_per_second_ = 0;
        std::size_t left_ = 0;
        std::chrono::steady_clock::time_point refilled_at_;
    };

    void run();
    std::vector<pollfd> watched_sockets() const;
    void limit(allowance& which, std::size_t bytes_per_second);
    void accept_waiting();
    void wake();

    const std::uint16_t target_;
    const claimed_port port_;
    handlers::descriptor listening_;
    handlers::descriptor wake_;
    std::mutex guard_; ///< Of these:
    std::vector<std::unique_ptr<connection>> connections_;
    bool is_refusing_ = false;
    bool is_stalled_ = false;
    bool is_ending_ = false;
    bool is_changed_ = false; ///< What is watched is out of date.
    allowance to_server_;
    allowance to_client_;
    std::atomic<std::size_t> accepted_ = 0;
    std::atomic<std::uint64_t> bytes_to_server_ = 0;
    std::atomic<std::uint64_t> bytes_to_client_ = 0;
    std::thread relaying_;
};

} // namespace outreachd::test_servers
