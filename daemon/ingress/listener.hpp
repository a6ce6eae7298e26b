/// Accepts connections.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/ingress/io.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/settings/settings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::ingress {

/// Owns the listening sockets, each with a strand and a coroutine of its own.
class listener {
public:
    /// Called for each connection, on the accepting strand. Must not throw: accepting would end.
    using accepted_sink = std::function<void(tcp_socket)>;

    /// Opens `configured.address` and `port` (`::` is dual stack, and IPv4 alone where the host has no
    /// IPv6), or takes over `descriptors`, sockets that listen already. Connections wait in the
    /// kernel until `start`. Throws std::runtime_error, naming the key, the address and the cause: also
    /// where such a socket isn't loopback's, and would carry plaintext that nobody has asked for.
    listener(asio::io_context& io, const settings::listen& configured, const std::vector<int>& descriptors,
             log::logger& log);
    ~listener();
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;

    /// Accepts until `stop`, also through want of descriptors or memory.
    void start(const accepted_sink& accepted);

    /// Closes the sockets. Any thread; the sink may still be called once or so.
    void stop();

    /// After `stop`: blocks until the sink has been called for the last time. False where `deadline` came
    /// first. Only where other threads run `io`.
    bool wait_until_stopped(steady_time deadline);

    /// Of the first socket; what `port: 0` became.
    std::uint16_t port() const noexcept { return port_; }

private:
    struct state;

    static awaitable<> accept_all(std::shared_ptr<state> listening);
    static void spawn(const std::shared_ptr<state>& listening);

    std::vector<std::shared_ptr<state>> sockets_;
    std::uint16_t port_ = 0;
};

} // namespace outreachd::ingress
