#include "tests/unit/sandbox/http_client.hpp"

#include "daemon/text/ascii.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace outreachd::sandbox {

namespace {

class connected_socket {
public:
    explicit connected_socket(std::uint16_t port)
        : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        const timeval limit{20, 0};
        EXPECT_EQ(::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    }

    ~connected_socket() { ::close(descriptor_); }

    connected_socket(const connected_socket&) = delete;
    connected_socket& operator=(const connected_socket&) = delete;

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0)
                return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    /// False where the other side has ended, or reset.
    bool read_more(std::string& into, bool& was_reset) const {
        std::array<char, 65536> piece{};
        const ssize_t got = ::recv(descriptor_, piece.data(), piece.size(), 0);
        EXPECT_FALSE(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) << "neither an answer nor an end";
        was_reset = got < 0 && errno == ECONNRESET;
        if (got > 0)
            into.append(piece.data(), static_cast<std::size_t>(got));
        return got > 0;
    }

private:
    int descriptor_;
};

void read_head(std::string_view head, http_answer& into) {
    into.status = static_cast<unsigned>(std::strtoul(std::string{head.substr(9, 3)}.c_str(), nullptr, 10));
    for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;
         line = head.find("\r\n", line + 2)) {
        const std::string_view field = head.substr(line + 2, head.find("\r\n", line + 2) - line - 2);
        const std::size_t colon = field.find(':');
        if (colon != std::string_view::npos)
            into.headers[to_lower(field.substr(0, colon))] = trimmed(field.substr(colon + 1));
    }
}

} // namespace

http_answer send_http(std::uint16_t port, std::string_view method, std::string_view target,
                      std::string_view body, const header_list& headers) {
    const connected_socket socket{port};
    std::string bytes{method};
    bytes.append(" ").append(target).append(" HTTP/1.1\r\nHost: 127.0.0.1:").append(std::to_string(port));
    for (const auto& [name, value] : headers)
        bytes.append("\r\n").append(name).append(": ").append(value);
    bytes.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    socket.send(bytes);
    http_answer answer;
    std::string read;
    while (read.find("\r\n\r\n") == std::string::npos) {
        if (!socket.read_more(read, answer.was_reset))
            return answer;
    }
    const std::size_t head_end = read.find("\r\n\r\n");
    read_head(read.substr(0, head_end), answer);
    const auto length = answer.headers.find("content-length");
    const std::size_t size =
        length == answer.headers.end() ? 0 : std::strtoull(length->second.c_str(), nullptr, 10);
    while (read.size() < head_end + 4 + size && !answer.is_cut)
        answer.is_cut = !socket.read_more(read, answer.was_reset);
    answer.body = read.substr(head_end + 4);
    return answer;
}

} // namespace outreachd::sandbox
