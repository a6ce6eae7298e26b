/// A TCP client that sends the bytes it is given.
#include "tests/unit/admin/raw_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace outreachd::admin {

raw_client::raw_client(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    const timeval limit{20, 0};
    EXPECT_EQ(::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
}

raw_client::~raw_client() {
    ::close(descriptor_);
}

void raw_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0)
            return; // The server may have refused and closed; what it said is still to be read.
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool raw_client::read_more() {
    std::array<char, 4096> piece{};
    const ssize_t got = ::recv(descriptor_, piece.data(), piece.size(), 0);
    EXPECT_FALSE(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        << "the server neither answered nor closed";
    if (got <= 0)
        return false;
    unread_.append(piece.data(), static_cast<std::size_t>(got));
    return true;
}

std::string raw_client::read_answer(bool has_body) {
    std::size_t head_end = 0;
    while ((head_end = unread_.find("\r\n\r\n")) == std::string::npos) {
        if (!read_more())
            return std::exchange(unread_, {});
    }
    constexpr std::string_view name = "\r\nContent-Length: ";
    const auto length_at = unread_.find(name);
    EXPECT_LT(length_at, head_end) << unread_;
    std::size_t size = head_end + 4;
    if (has_body)
        size += std::strtoull(unread_.c_str() + length_at + name.size(), nullptr, 10);
    while (unread_.size() < size) {
        if (!read_more())
            break;
    }
    std::string answer = unread_.substr(0, size);
    unread_.erase(0, size);
    return answer;
}

std::size_t raw_client::read_bytes(std::size_t size) {
    while (unread_.size() < size && read_more())
        continue;
    const std::size_t taken = std::min(size, unread_.size());
    unread_.erase(0, taken);
    return taken;
}

bool raw_client::is_closed() {
    return unread_.empty() && !read_more();
}

std::string get_request(std::string_view target, std::string_view headers) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n" + std::string{headers} + "\r\n";
}

unsigned status_of(std::string_view answer) {
    constexpr std::string_view version = "HTTP/1.1 ";
    if (!answer.starts_with(version))
        return 0;
    return static_cast<unsigned>(
        std::strtoul(std::string{answer.substr(version.size(), 3)}.c_str(), nullptr, 10));
}

std::string_view body_of(std::string_view answer) {
    const auto head_end = answer.find("\r\n\r\n");
    return head_end == std::string_view::npos ? std::string_view{} : answer.substr(head_end + 4);
}

} // namespace outreachd::admin
