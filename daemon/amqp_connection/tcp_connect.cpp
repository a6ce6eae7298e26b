#include "daemon/amqp_connection/tcp_connect.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::amqp_connection {

namespace {

using std::chrono::milliseconds;

constexpr int keepalive_idle_seconds = 5;
constexpr int keepalive_interval_seconds = 5;

std::string words_for(int error) {
    return std::system_category().message(error);
}

bool set_option(int descriptor, int level, int name, int value) noexcept {
    return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

/// The error of a connection in the making: 0 once it is there.
int finish_connecting(int descriptor, steady_time deadline) {
    pollfd waits{descriptor, POLLOUT, 0};
    for (;;) {
        const auto left =
            std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        const int ready = ::poll(&waits, 1, static_cast<int>(std::max<milliseconds::rep>(left, 0)));
        if (ready > 0)
            break;
        if (ready == 0)
            return ETIMEDOUT;
        if (errno != EINTR)
            return errno;
    }
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

tcp_connected connect_address(const addrinfo& to, steady_time deadline, watched_socket& watched) {
    const int descriptor =
        ::socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol);
    if (descriptor < 0)
        return {-1, words_for(errno)};
    int error = set_socket_options(descriptor) && watched.use(descriptor) ? 0 : errno;
    if (error == 0 && ::connect(descriptor, to.ai_addr, to.ai_addrlen) != 0)
        error = errno == EINPROGRESS ? finish_connecting(descriptor, deadline) : errno;
    // Shut down in between, it is no longer connecting, and no error either.
    if (error == 0 && watched.is_ended())
        error = ECANCELED;
    if (error == 0)
        return {descriptor, {}};
    std::ignore = watched.use(-1);
    ::close(descriptor);
    return {-1, error == ETIMEDOUT ? "no answer in time" : words_for(error)};
}

} // namespace

tcp_connected connect_tcp(const std::string& host, std::uint16_t port, steady_time deadline,
                          watched_socket& watched) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_protocol = IPPROTO_TCP;
    addrinfo* list = nullptr;
    const int resolved = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &list);
    if (resolved != 0)
        return {-1, std::string{"the name can't be resolved: "} +
                        (resolved == EAI_SYSTEM ? words_for(errno) : ::gai_strerror(resolved))};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{list, &::freeaddrinfo};

    std::ptrdiff_t left = 0;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next)
        ++left;
    tcp_connected made{-1, "the name has no address"};
    for (const addrinfo* one = list; one != nullptr && !watched.is_ended(); one = one->ai_next) {
        const steady_time now = std::chrono::steady_clock::now();
        made = connect_address(*one, now + (deadline - now) / left--, watched);
        if (made.descriptor >= 0)
            break;
    }
    return made;
}

bool set_socket_options(int descriptor) noexcept {
    const auto silence_ms = static_cast<int>(milliseconds{silence_max}.count());
    return set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds) &&
           set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds) &&
           set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, silence_ms);
}

} // namespace outreachd::amqp_connection
