#include "daemon/command_line/redirect_listener.hpp"

#include "daemon/command_line/interrupt.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::command_line {

namespace {

constexpr std::size_t browsers_max = 16;
constexpr std::size_t request_bytes_max = 16UL * 1024;
constexpr std::chrono::seconds connection_life{10};
constexpr int backlog = 16;

union any_address {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

/// Its length; 0 where `text` is no address.
socklen_t make_address(const std::string& text, std::uint16_t port, any_address& into) {
    into = {};
    if (::inet_pton(AF_INET, text.c_str(), &into.v4.sin_addr) == 1) {
        into.v4.sin_family = AF_INET;
        into.v4.sin_port = htons(port);
        return sizeof into.v4;
    }
    if (::inet_pton(AF_INET6, text.c_str(), &into.v6.sin6_addr) == 1) {
        into.v6.sin6_family = AF_INET6;
        into.v6.sin6_port = htons(port);
        return sizeof into.v6;
    }
    return 0;
}

std::uint16_t port_of(int socket) {
    any_address bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(socket, &bound.base, &size) != 0)
        return 0;
    return ntohs(bound.base.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
}

const char* reason_of(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    default:
        return "Bad Request";
    }
}

/// The page holds nothing from outside, and asks for nothing.
std::string make_answer(int status, std::string_view sentence) {
    std::string page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>outreachd</title>"
                       "<h1>outreachd</h1><p>" +
                       std::string{sentence} + "</p></html>\n";
    return "HTTP/1.1 " + std::to_string(status) + ' ' + reason_of(status) +
           "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " + std::to_string(page.size()) +
           "\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
           "Content-Security-Policy: default-src 'none'\r\nConnection: close\r\n" +
           (status == 405 ? "Allow: GET\r\n" : "") + "\r\n" + page;
}

/// Answers are short: what the socket's own buffer doesn't take at once is nobody's who listens.
void send_and_close(int socket, const std::string& answer) {
    static_cast<void>(::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL));
    ::shutdown(socket, SHUT_WR);
    ::close(socket);
}

} // namespace

struct redirect_listener::connection {
    int socket;
    steady_time end;
    std::string read{};
};

redirect_listener::opening redirect_listener::open(const std::string& host, std::uint16_t port) {
    std::unique_ptr<redirect_listener> made{new redirect_listener};
    const bool is_both = host == "localhost";
    std::string problem = made->listen_on(is_both ? "127.0.0.1" : host, port);
    if (!problem.empty())
        return {nullptr, std::move(problem)};
    // A machine may have no IPv6, and a browser then doesn't try it.
    if (is_both)
        static_cast<void>(made->listen_on("::1", made->port_));
    return {std::move(made), {}};
}

redirect_listener::~redirect_listener() {
    for (const int each : listening_)
        ::close(each);
    for (const connection& each : connections_)
        ::close(each.socket);
    if (answering_ >= 0)
        ::close(answering_);
}

std::string redirect_listener::listen_on(const std::string& address, std::uint16_t port) {
    any_address at{};
    const socklen_t size = make_address(address, port, at);
    const int made = ::socket(at.base.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    const auto refuse = [&] {
        std::string problem = "can't listen on " + address + " port " + std::to_string(port) + ": " +
                              std::generic_category().message(errno);
        if (made >= 0)
            ::close(made);
        return problem;
    };
    if (size == 0 || made < 0)
        return refuse();
    ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (at.base.sa_family == AF_INET6)
        ::setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(made, &at.base, size) != 0 || ::listen(made, backlog) != 0)
        return refuse();
    port_ = port_of(made);
    listening_.push_back(made);
    return {};
}

redirect_listener::arrival redirect_listener::wait(steady_time deadline, int beside) {
    arrival came;
    for (;;) {
        close_old();
        std::vector<pollfd> watched;
        for (const int each : listening_)
            watched.push_back({each, POLLIN, 0});
        for (const connection& each : connections_)
            watched.push_back({each.socket, POLLIN, 0});
        watched.push_back({beside, POLLIN, 0});
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        const auto time = std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 1000);
        const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(time));
        if (interrupt_watch::is_interrupted() || (ready == 0 && left.count() <= time))
            return came;
        if (ready <= 0)
            continue;
        // Backwards, since connections go from the list while it is walked.
        for (std::size_t at = connections_.size(); at-- > 0;) {
            if (watched[listening_.size() + at].revents == 0)
                continue;
            const bool is_done = read_from(connections_[at], came);
            if (is_done)
                connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(at));
            if (came.what == arrival::kind::request)
                return came;
        }
        if (watched.back().revents != 0)
            return {.what = arrival::kind::input};
        for (std::size_t at = 0; at < listening_.size(); ++at)
            if (watched[at].revents != 0)
                accept_from(listening_[at]);
    }
}

void redirect_listener::accept_from(int listening) {
    const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (accepted < 0)
        return;
    if (connections_.size() >= browsers_max) {
        ::close(connections_.front().socket);
        connections_.erase(connections_.begin());
    }
    connections_.push_back({accepted, std::chrono::steady_clock::now() + connection_life});
}

/// Whether the connection has nothing more to say: it is closed then, or waits for `answer`.
bool redirect_listener::read_from(connection& one, arrival& into) {
    std::array<char, 4096> block{};
    const ssize_t size = ::recv(one.socket, block.data(), block.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (size <= 0) {
        ::close(one.socket);
        return true;
    }
    one.read.append(block.data(), static_cast<std::size_t>(size));
    const std::string_view read = one.read;
    if (read.find("\r\n\r\n") == std::string_view::npos) {
        if (read.size() <= request_bytes_max)
            return false;
        ::close(one.socket);
        return true;
    }
    const std::string_view line = read.substr(0, read.find("\r\n"));
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || last <= first + 1 || line.substr(0, first) != "GET") {
        send_and_close(one.socket, make_answer(405, "This port waits for a browser to come back."));
        return true;
    }
    if (answering_ >= 0)
        ::close(answering_);
    answering_ = one.socket;
    into = {.what = arrival::kind::request, .target = std::string{line.substr(first + 1, last - first - 1)}};
    return true;
}

void redirect_listener::answer(int status, std::string_view sentence) {
    if (answering_ < 0)
        return;
    send_and_close(answering_, make_answer(status, sentence));
    answering_ = -1;
}

void redirect_listener::close_old() {
    const auto now = std::chrono::steady_clock::now();
    std::erase_if(connections_, [&](const connection& one) {
        if (one.end > now)
            return false;
        ::close(one.socket);
        return true;
    });
}

} // namespace outreachd::command_line
