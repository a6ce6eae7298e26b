#include "daemon/ingress/listener.hpp"

#include "daemon/event/errc.hpp"
#include "daemon/ingress/log_throttle.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include <future>
#include <stdexcept>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace outreachd::ingress {

/// One listening socket. Shared by the listener and its coroutine.
struct listener::state {
    state(asio::io_context& context, log::logger& lines)
        : io(context), log(lines), acceptor(asio::make_strand(context)), pause(acceptor.get_executor()) {}

    asio::io_context& io;
    log::logger& log;
    tcp_acceptor acceptor;
    steady_timer pause;
    log_throttle failures{std::chrono::seconds{1}};
    accepted_sink accepted;
    bool is_stopped = false;  ///< The strand's only.
    std::promise<void> ended; ///< Nothing is accepted any more.
    const std::future<void> end = ended.get_future();
};

namespace {

constexpr int backlog = 4'096;
/// Waited where the system has no room: connections wait in the backlog meanwhile.
constexpr std::chrono::milliseconds pause_time{50};

[[noreturn]] void fail(const std::string& what, const error_code& ec) {
    throw std::runtime_error(what + ": " + ec.message());
}

/// Accepted sockets inherit it: one system call less for each. An answer is one write, so nothing
/// is gained by waiting for more to send.
void set_no_delay(tcp_acceptor& acceptor) {
    const int on = 1;
    ::setsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void open_address(tcp_acceptor& acceptor, const asio::ip::address& address, std::uint16_t port,
                  error_code& ec) {
    const tcp::endpoint where(address, port);
    acceptor.open(where.protocol(), ec);
    if (ec)
        return;
    if (address.is_v6())
        acceptor.set_option(asio::ip::v6_only(!address.is_unspecified()), ec);
    if (!ec)
        acceptor.set_option(tcp_acceptor::reuse_address(true), ec);
    if (!ec)
        acceptor.bind(where, ec);
    if (!ec)
        acceptor.listen(backlog, ec);
}

void open_configured(tcp_acceptor& acceptor, const settings::listen& configured) {
    const std::string where = configured.address + " port " + std::to_string(configured.port);
    error_code ec;
    const asio::ip::address address = asio::ip::make_address(configured.address, ec);
    if (ec)
        fail("listen.address: " + configured.address + " is not an IP address", ec);
    open_address(acceptor, address, configured.port, ec);
    if (ec == asio::error::address_family_not_supported && address.is_v6() && address.is_unspecified())
        open_address(acceptor, asio::ip::address_v4::any(), configured.port, ec);
    if (ec == asio::error::address_in_use)
        fail("listen.port: another process listens at " + where, ec);
    if (ec)
        fail("listen: can't listen at " + where, ec);
}

void take_over(tcp_acceptor& acceptor, int descriptor) {
    const std::string what = "the socket handed over as descriptor " + std::to_string(descriptor);
    sockaddr_storage address{};
    socklen_t address_size = sizeof address;
    int is_listening = 0;
    socklen_t option_size = sizeof is_listening;
    error_code ec;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &address_size) != 0 ||
        ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &option_size) != 0)
        fail(what, error_code{errno, boost::system::system_category()});
    const bool is_v6 = address.ss_family == AF_INET6;
    if (is_listening == 0 || (!is_v6 && address.ss_family != AF_INET))
        throw std::runtime_error(what +
                                 " is not a listening TCP socket: check ListenStream= of the socket unit");
    acceptor.assign(is_v6 ? tcp::v6() : tcp::v4(), descriptor, ec);
    if (ec)
        fail(what, ec);
}

bool is_loopback(const asio::ip::address& at) {
    if (at.is_v6() && at.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, at.to_v6()).is_loopback();
    return at.is_loopback();
}

/// `listen.address` says nothing of a socket that somebody else has opened.
void refuse_unless_private(const tcp_acceptor& acceptor, const settings::listen& configured) {
    if (configured.tls || configured.plaintext)
        return;
    const auto at = acceptor.local_endpoint();
    if (!is_loopback(at.address()))
        throw std::runtime_error(
            "listen.tls: 'off' needs a loopback address, and the socket handed over listens at " +
            at.address().to_string() + " port " + std::to_string(at.port()) +
            ": write ListenStream=127.0.0.1:" + std::to_string(at.port()) +
            " in the socket unit, or 'plaintext: true' behind a proxy that ends TLS");
}

/// True where the failure was that one connection's alone.
bool is_of_the_peer(const error_code& ec) {
    return ec == asio::error::connection_aborted || ec == asio::error::interrupted ||
           ec == boost::system::errc::protocol_error;
}

} // namespace

listener::listener(asio::io_context& io, const settings::listen& configured,
                   const std::vector<int>& descriptors, log::logger& log) {
    for (const int descriptor : descriptors) {
        sockets_.push_back(std::make_shared<state>(io, log));
        take_over(sockets_.back()->acceptor, descriptor);
        refuse_unless_private(sockets_.back()->acceptor, configured);
    }
    if (descriptors.empty()) {
        sockets_.push_back(std::make_shared<state>(io, log));
        open_configured(sockets_.back()->acceptor, configured);
    }
    for (const auto& socket : sockets_)
        set_no_delay(socket->acceptor);
    port_ = sockets_.front()->acceptor.local_endpoint().port();
}

listener::~listener() {
    stop();
}

awaitable<> listener::accept_all(std::shared_ptr<state> listening) {
    while (!listening->is_stopped) {
        auto [ec, socket] =
            co_await listening->acceptor.async_accept(asio::make_strand(listening->io), as_result);
        if (!ec) {
            listening->accepted(std::move(socket));
            continue;
        }
        if (listening->is_stopped || is_of_the_peer(ec))
            continue;
        if (const auto count = listening->failures.count(std::chrono::steady_clock::now()))
            listening->log.warn("connections can't be accepted now and wait",
                                {{"reason", ec.message()}, {"count", *count}});
        listening->pause.expires_after(pause_time);
        co_await listening->pause.async_wait(as_result);
    }
}

void listener::spawn(const std::shared_ptr<state>& listening) {
    asio::co_spawn(listening->acceptor.get_executor(), accept_all(listening),
                   [listening](const std::exception_ptr& thrown) {
                       if (!thrown || listening->is_stopped)
                           return listening->ended.set_value();
                       // Want of memory, at worst: it ends, and accepting must not end with it.
                       listening->log.error("accepting connections failed, it is begun again");
                       spawn(listening);
                   });
}

void listener::start(const accepted_sink& accepted) {
    for (const auto& socket : sockets_) {
        socket->accepted = accepted;
        spawn(socket);
    }
}

void listener::stop() {
    for (const auto& socket : sockets_)
        asio::post(socket->acceptor.get_executor(), [socket] {
            error_code ignored;
            socket->is_stopped = true;
            socket->acceptor.close(ignored);
            socket->pause.cancel();
        });
}

bool listener::wait_until_stopped(steady_time deadline) {
    for (const auto& socket : sockets_)
        if (socket->accepted && // else it was never begun
            socket->end.wait_until(deadline) != std::future_status::ready)
            return false;
    return true;
}

} // namespace outreachd::ingress
