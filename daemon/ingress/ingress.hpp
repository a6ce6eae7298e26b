/// The receiving side of the daemon: from the listening socket to the answer.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/ingress/endpoint_table.hpp"
#include "daemon/ingress/quarantine_sink.hpp"
#include "daemon/settings/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace outreachd::log {
class logger;
}

namespace outreachd::metrics {
class metrics;
}

namespace outreachd::store {
class store;
enum class answered_when;
} // namespace outreachd::store

namespace outreachd::ingress {

/// Listens, proves, stores and answers.
///
/// Its work runs on whatever threads run `io`; what it is called for may come from any other thread.
/// Logger, metrics, `io` and store are made before it, in this order, and destroyed after it: the
/// store's threads post to `io`. Connections that are still open are reset by the destructor where
/// `io` runs, and end with `io` where it was stopped, whose threads are joined then. The process
/// ignores SIGPIPE.
class ingress {
public:
    /// `when`: what a 200 means. Opens the sockets, or takes over `listen_fds` where there are any;
    /// connections wait in the kernel until `start`. Throws std::runtime_error, naming the key or file, where
    /// the address or the TLS files can't be used.
    ingress(boost::asio::io_context& io, const settings::listen& configured,
            std::shared_ptr<const endpoint_table> endpoints, store::store& events, metrics::metrics& counters,
            log::logger& log, quarantine_sink quarantine, const std::vector<int>& listen_fds,
            store::answered_when when);
    ~ingress();
    ingress(const ingress&) = delete;
    ingress& operator=(const ingress&) = delete;

    /// Accepts connections from now on.
    void start();

    /// The port that is listened on.
    std::uint16_t port() const noexcept;
    std::size_t open_connections() const noexcept;

    /// Requests that begin from now on are judged by these.
    void use_endpoints(std::shared_ptr<const endpoint_table> endpoints);

    /// Connections from now on use these files. Throws std::runtime_error, naming the file, and keeps
    /// the old ones, where they can't be used. Of no effect with `tls: off`.
    void use_certificate(const settings::tls_files& files);

    /// When the certificate in use expires; nothing with `tls: off`.
    std::optional<wall_time> certificate_expires_at() const;

    /// Closes the listening sockets: afterwards no connection is begun any more. Open ones go on. Blocks for
    /// a moment, so not from a thread that runs `io`.
    void stop_accepting();

    /// Closes idle connections at once and the others when they have answered, with
    /// `Connection: close`; resets what is left at `deadline`. Blocks, so not from a thread that runs
    /// `io`. False where something had to be reset. `stop_accepting` comes first.
    bool drain(steady_time deadline);

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace outreachd::ingress
