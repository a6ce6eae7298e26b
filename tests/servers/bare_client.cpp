#include "tests/servers/bare_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace outreachd::test_servers {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Frame type, channel and length, which may be any, then class and method.
constexpr std::size_t method_at = 7;
constexpr std::string_view connection_start{"\0\12\0\12", 4};

} // namespace

bool is_connection_start(std::string_view bytes) {
    return bytes.starts_with('\1') && bytes.size() > method_at &&
           bytes.substr(method_at).starts_with(connection_start);
}

bare_client::bare_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw std::system_error(errno, std::generic_category(), "can't connect to 127.0.0.1");
}

void bare_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return;
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
}

void bare_client::finish_sending() {
    ::shutdown(socket_.number(), SHUT_WR);
}

std::string bare_client::receive(std::size_t bytes_max, milliseconds limit) {
    std::string received;
    std::array<char, 65536> piece{};
    const auto give_up_at = steady_clock::now() + limit;
    while (received.size() < bytes_max && state_ == state::open) {
        const auto left = std::chrono::ceil<milliseconds>(give_up_at - steady_clock::now());
        pollfd watched{.fd = socket_.number(), .events = POLLIN, .revents = 0};
        if (::poll(&watched, 1, static_cast<int>(std::max(left, milliseconds{0}).count())) == 0)
            break;
        const ssize_t got =
            ::recv(socket_.number(), piece.data(), std::min(piece.size(), bytes_max - received.size()), 0);
        if (got > 0)
            received.append(piece.data(), static_cast<std::size_t>(got));
        else if (got == 0)
            state_ = state::closed;
        else if (errno != EINTR)
            state_ = state::was_reset;
    }
    return received;
}

bool speaks_amqp(std::uint16_t port, milliseconds limit) {
    try {
        bare_client client{port};
        client.send(amqp_protocol_header);
        return is_connection_start(client.receive(method_at + connection_start.size(), limit));
    } catch (const std::system_error&) {
        return false;
    }
}

} // namespace outreachd::test_servers
