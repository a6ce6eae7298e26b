#include "daemon/ingress/ingress.hpp"

#include "daemon/asio/usable_cores.hpp"
#include "daemon/ingress/connection.hpp"
#include "daemon/ingress/listener.hpp"
#include "daemon/ingress/services.hpp"

namespace outreachd::ingress {
namespace {

/// What a reset of every connection may take at most.
constexpr std::chrono::seconds abort_time_max{1};
/// The same for what is being accepted while the sockets are closed. What comes later is reset.
constexpr std::chrono::seconds accept_end_max{1};

std::shared_ptr<const tls_context> make_tls(const settings::listen& configured) {
    return configured.tls ? std::make_shared<const tls_context>(*configured.tls) : nullptr;
}

void refuse(tcp_socket& socket, services& shared) {
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
    shared.metrics.count_request({}, to_label(request_outcome::reset));
}

void serve(tcp_socket socket, const std::shared_ptr<services>& shared) {
    const steady_time accepted_at = std::chrono::steady_clock::now();
    if (!shared->open.make_room(accepted_at)) {
        refuse(socket, *shared);
        if (const auto count = shared->over_limit.count(accepted_at))
            shared->log.warn("connections over limits.connections are reset, no open one is idle",
                             {{"limit", shared->limits.connections_max}, {"count", *count}});
        return;
    }
    std::shared_ptr<connection> opened;
    try {
        opened = std::make_shared<connection>(shared, std::move(socket), accepted_at);
        if (shared->open.add(opened)) {
            opened->start();
        } else { // over the limit, or the daemon has stopped meanwhile
            opened->forget();
            shared->metrics.count_request({}, to_label(request_outcome::reset));
        }
    } catch (const std::exception& error) { // No memory: the socket closes with what held it.
        if (opened)
            opened->forget();
        shared->open.remove(opened.get());
        shared->log.error("a connection can't be served", {{"reason", error.what()}});
    }
}

} // namespace

struct ingress::implementation {
    implementation(std::shared_ptr<services> connections_share, asio::io_context& context,
                   const settings::listen& configured, const std::vector<int>& listen_fds)
        : io(context), shared(std::move(connections_share)),
          sockets(context, configured, listen_fds, shared->log) {}

    asio::io_context& io;
    std::shared_ptr<services> shared;
    listener sockets;
};

ingress::ingress(asio::io_context& io, const settings::listen& configured,
                 std::shared_ptr<const endpoint_table> endpoints, store::store& events,
                 metrics::metrics& counters, log::logger& log, quarantine_sink quarantine,
                 const std::vector<int>& listen_fds, store::answered_when when)
    : implementation_(std::make_unique<implementation>(
          std::make_shared<services>(configured.limits, std::move(endpoints), make_tls(configured), events,
                                     counters, log, std::move(quarantine),
                                     std::make_shared<answer_mailbox>(io, usable_cores()), when),
          io, configured, listen_fds)) {
    events.on_answered([answers = implementation_->shared->answers] { answers->hand_out(); });
}

ingress::~ingress() {
    connection_registry& open = implementation_->shared->open;
    const bool has_stopped = implementation_->io.stopped();
    implementation_->sockets.stop();
    open.close();
    for (const auto& one : open.all()) {
        if (has_stopped)
            one->forget();
        else
            one->abort();
    }
    if (!has_stopped)
        open.wait_until_none(std::chrono::steady_clock::now() + abort_time_max);
}

void ingress::start() {
    implementation_->sockets.start(
        [shared = implementation_->shared](tcp_socket socket) { serve(std::move(socket), shared); });
}

std::uint16_t ingress::port() const noexcept {
    return implementation_->sockets.port();
}

std::size_t ingress::open_connections() const noexcept {
    return implementation_->shared->open.count();
}

void ingress::use_endpoints(std::shared_ptr<const endpoint_table> endpoints) {
    implementation_->shared->endpoints.replace(std::move(endpoints));
}

void ingress::use_certificate(const settings::tls_files& files) {
    if (implementation_->shared->tls.get() != nullptr)
        implementation_->shared->tls.replace(std::make_shared<const tls_context>(files));
}

std::optional<wall_time> ingress::certificate_expires_at() const {
    const auto tls = implementation_->shared->tls.get();
    return tls ? std::optional{tls->expires_at()} : std::nullopt;
}

void ingress::stop_accepting() {
    implementation_->sockets.stop();
    implementation_->sockets.wait_until_stopped(std::chrono::steady_clock::now() + accept_end_max);
}

bool ingress::drain(steady_time deadline) {
    services& shared = *implementation_->shared;
    shared.is_draining = true;
    shared.open.close(); // What isn't among the open ones by now would outlive them.
    for (const auto& one : shared.open.all())
        one->drain();
    if (shared.open.wait_until_none(deadline))
        return true;
    for (const auto& one : shared.open.all())
        one->abort();
    shared.open.wait_until_none(std::chrono::steady_clock::now() + abort_time_max);
    return false;
}

} // namespace outreachd::ingress
