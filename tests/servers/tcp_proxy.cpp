/// Sockets that don't block, and one poll for all of them. A function that changes something takes the lock,
/// does it, and wakes the thread, which then forgets what the poll had told it of sockets that may be others
/// by now.
#include "tests/servers/tcp_proxy.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace outreachd::test_servers {

namespace {

using handlers::descriptor;

/// In one direction of one connection; what is beyond stays with the sender.
constexpr std::size_t unsent_bytes_max = 65536;
constexpr int backlog = 128;
/// While there is a limit bytes go in portions.
constexpr std::chrono::milliseconds portion_time{20};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

descriptor make_socket() {
    return descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void check(bool is_done) {
    if (!is_done)
        throw std::system_error(errno, std::generic_category(), "the proxy can't listen on 127.0.0.1");
}

bool is_for_later() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/// Sends RST, where the other side hasn't gone.
void reset(descriptor& socket) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket.close();
}

void send_at_once(const descriptor& socket) {
    const int is_on = 1;
    ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
}

} // namespace

class tcp_proxy::connection {
public:
    connection(tcp_proxy& owner, descriptor accepted)
        : client_{.socket = std::move(accepted)}, server_{.socket = make_socket()},
          bytes_to_server_(owner.bytes_to_server_), bytes_to_client_(owner.bytes_to_client_) {
        send_at_once(client_.socket);
        send_at_once(server_.socket);
        const sockaddr_in address = loopback(owner.target_);
        const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
        if (::connect(server_.socket.number(), generic, sizeof address) != 0 && errno != EINPROGRESS)
            reset_both();
    }

    ~connection() { reset_both(); }

    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    bool is_over() const { return !client_.socket.is_open() && !server_.socket.is_open(); }

    /// Also what is on its way is lost.
    void go_silent() {
        is_silent_ = true;
        client_.unsent.clear();
        server_.unsent.clear();
    }

    pollfd client_watch() const { return watch(client_, server_); }

    pollfd server_watch() const {
        pollfd watched = watch(server_, client_);
        if (!is_connected_ && server_.socket.is_open())
            watched = {.fd = server_.socket.number(), .events = POLLOUT, .revents = 0};
        return watched;
    }

    void relay(short client_events, short server_events, allowance& to_server, allowance& to_client) {
        if (!is_connected_ && server_events != 0)
            take_connected();
        if (client_events != 0)
            read(client_, server_, bytes_to_server_, to_server);
        if (server_events != 0 && is_connected_)
            read(server_, client_, bytes_to_client_, to_client);
        if (is_connected_)
            write(server_, client_);
        write(client_, server_);
        if (client_.is_shut && server_.is_shut) {
            client_.socket.close();
            server_.socket.close();
        }
    }

private:
    struct side {
        descriptor socket;
        std::string unsent{};   ///< To this side.
        bool has_ended = false; ///< It sends no more.
        bool is_shut = false;   ///< It has been told that the other one sends no more.
    };

    /// A socket of which nothing is wanted isn't watched at all, since poll would tell of its end for ever.
    pollfd watch(const side& here, const side& there) const {
        int events = 0;
        if (!here.has_ended && there.unsent.size() < unsent_bytes_max)
            events |= POLLIN;
        if (!here.unsent.empty())
            events |= POLLOUT;
        return {.fd = events != 0 ? here.socket.number() : -1,
                .events = static_cast<short>(events),
                .revents = 0};
    }

    void take_connected() {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(server_.socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0)
            is_connected_ = true;
        else
            lose(server_);
    }

    void read(side& from, side& to, std::atomic<std::uint64_t>& count, allowance& allowed) {
        std::array<char, unsent_bytes_max> piece{};
        const std::size_t at_most = std::min(allowed.left(), unsent_bytes_max);
        if (from.has_ended || !from.socket.is_open() || to.unsent.size() >= unsent_bytes_max || at_most == 0)
            return;
        const ssize_t got = ::recv(from.socket.number(), piece.data(), at_most, 0);
        if (got > 0 && !is_silent_) {
            to.unsent.append(piece.data(), static_cast<std::size_t>(got));
            count += static_cast<std::uint64_t>(got);
        } else if (got == 0) {
            from.has_ended = true;
            if (is_silent_)
                from.socket.close();
        } else if (got < 0 && !is_for_later()) {
            lose(from);
        }
        if (got > 0)
            allowed.take(static_cast<std::size_t>(got));
    }

    void write(side& to, const side& from) {
        if (is_silent_ || !to.socket.is_open())
            return;
        if (!to.unsent.empty()) {
            const ssize_t sent = ::send(to.socket.number(), to.unsent.data(), to.unsent.size(), MSG_NOSIGNAL);
            if (sent >= 0)
                to.unsent.erase(0, static_cast<std::size_t>(sent));
            else if (!is_for_later())
                return lose(to);
        }
        if (to.unsent.empty() && from.has_ended && !to.is_shut) {
            ::shutdown(to.socket.number(), SHUT_WR);
            to.is_shut = true;
        }
    }

    void lose(side& broken) {
        if (is_silent_)
            broken.socket.close();
        else
            reset_both();
    }

    void reset_both() {
        reset(client_.socket);
        reset(server_.socket);
    }

    side client_;
    side server_;
    bool is_connected_ = false;
    bool is_silent_ = false;
    std::atomic<std::uint64_t>& bytes_to_server_;
    std::atomic<std::uint64_t>& bytes_to_client_;
};

tcp_proxy::tcp_proxy(std::uint16_t target)
    : target_(target), listening_(make_socket()), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    const sockaddr_in address = loopback(port_.number());
    // Else it couldn't listen again, after having refused, while an earlier connection has the same port.
    const int is_on = 1;
    check(::setsockopt(listening_.number(), SOL_SOCKET, SO_REUSEADDR, &is_on, sizeof is_on) == 0);
    check(::bind(listening_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    check(::listen(listening_.number(), backlog) == 0);
    relaying_ = std::thread{[this] { run(); }};
}

tcp_proxy::~tcp_proxy() {
    {
        const std::scoped_lock lock{guard_};
        is_ending_ = true;
        wake();
    }
    relaying_.join();
}

void tcp_proxy::cut() {
    const std::scoped_lock lock{guard_};
    // To its client also one that the thread hasn't come to is there.
    accept_waiting();
    connections_.clear();
    wake();
}

void tcp_proxy::refuse(bool is_refusing) {
    const std::scoped_lock lock{guard_};
    // A socket that has been shut down keeps its port, and can listen again.
    if (is_refusing && !is_refusing_)
        check(::shutdown(listening_.number(), SHUT_RDWR) == 0);
    else if (!is_refusing && is_refusing_)
        check(::listen(listening_.number(), backlog) == 0);
    is_refusing_ = is_refusing;
    wake();
}

void tcp_proxy::stall(bool is_stalled) {
    const std::scoped_lock lock{guard_};
    is_stalled_ = is_stalled;
    wake();
}

void tcp_proxy::limit_to_server(std::size_t bytes_per_second) {
    limit(to_server_, bytes_per_second);
}

void tcp_proxy::limit_to_client(std::size_t bytes_per_second) {
    limit(to_client_, bytes_per_second);
}

void tcp_proxy::limit(allowance& which, std::size_t bytes_per_second) {
    const std::scoped_lock lock{guard_};
    which.limit(bytes_per_second);
    wake();
}

void tcp_proxy::allowance::limit(std::size_t bytes_per_second) {
    bytes_per_second_ = bytes_per_second;
    left_ = 0;
    refilled_at_ = std::chrono::steady_clock::now();
}

void tcp_proxy::go_silent() {
    const std::scoped_lock lock{guard_};
    accept_waiting();
    for (const auto& each : connections_)
        each->go_silent();
    wake();
}

/// With the lock held.
void tcp_proxy::wake() {
    is_changed_ = true;
    ::eventfd_write(wake_.number(), 1);
}

void tcp_proxy::run() {
    std::unique_lock lock{guard_};
    while (!is_ending_) {
        is_changed_ = false;
        for (allowance* const each : {&to_server_, &to_client_})
            each->refill(connections_.size());
        std::vector<pollfd> watched = watched_sockets();
        const bool is_limited = to_server_.is_limited() || to_client_.is_limited();
        const int timeout = is_limited ? static_cast<int>(portion_time.count()) : -1;
        lock.unlock();
        ::poll(watched.data(), watched.size(), timeout);
        lock.lock();
        eventfd_t counted = 0;
        ::eventfd_read(wake_.number(), &counted);
        if (is_changed_)
            continue;
        for (std::size_t i = 0; i < connections_.size(); ++i)
            connections_[i]->relay(watched[2 + 2 * i].revents, watched[3 + 2 * i].revents, to_server_,
                                   to_client_);
        std::erase_if(connections_, [](const auto& each) { return each->is_over(); });
        accept_waiting();
    }
}

void tcp_proxy::allowance::refill(std::size_t connections) {
    if (!is_limited()) {
        left_ = unsent_bytes_max * (connections + 1);
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - refilled_at_);
    if (since < portion_time)
        return;
    refilled_at_ = now;
    left_ = bytes_per_second_ * static_cast<std::size_t>(std::min(since, 2 * portion_time).count()) / 1000;
}

/// The waking, the listening, and two of each connection.
std::vector<pollfd> tcp_proxy::watched_sockets() const {
    std::vector<pollfd> watched{
        {.fd = wake_.number(), .events = POLLIN, .revents = 0},
        {.fd = is_refusing_ ? -1 : listening_.number(), .events = POLLIN, .revents = 0},
    };
    for (const auto& each : connections_) {
        watched.push_back(each->client_watch());
        if (to_server_.left() == 0)
            watched.back().events &= static_cast<short>(~POLLIN);
        watched.push_back(each->server_watch());
        if (to_client_.left() == 0)
            watched.back().events &= static_cast<short>(~POLLIN);
        if (is_stalled_)
            watched[watched.size() - 2].fd = watched.back().fd = -1;
    }
    return watched;
}

/// With the lock held.
void tcp_proxy::accept_waiting() {
    while (!is_refusing_) {
        descriptor accepted{::accept4(listening_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (!accepted.is_open())
            return;
        ++accepted_;
        connections_.push_back(std::make_unique<connection>(*this, std::move(accepted)));
    }
}

} // namespace outreachd::test_servers
