/// The command line's side of the admin server.
#include "daemon/admin/client.hpp"

#include "daemon/admin/message.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/number.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::admin {

namespace {

using clock = std::chrono::steady_clock;

/// Far above any answer of the server: a body of 16 MiB with each byte escaped.
constexpr std::size_t answer_bytes_max = 128 * 1024 * 1024;

/// A socket of our own; all of its errors are `errno` values.
class connected_socket {
public:
    connected_socket(int family, clock::time_point deadline)
        : descriptor_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), deadline_(deadline) {}

    ~connected_socket() {
        if (descriptor_ >= 0)
            ::close(descriptor_);
    }

    connected_socket(const connected_socket&) = delete;
    connected_socket& operator=(const connected_socket&) = delete;

    /// 0, or why not.
    int connect(const sockaddr* to, socklen_t size) const noexcept {
        if (descriptor_ < 0)
            return errno;
        if (::connect(descriptor_, to, size) == 0)
            return 0;
        if (errno != EINPROGRESS)
            return errno;
        if (const int failed = wait(POLLOUT))
            return failed;
        int outcome = 0;
        socklen_t outcome_size = sizeof outcome;
        return ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &outcome, &outcome_size) == 0 ? outcome
                                                                                             : errno;
    }

    int send_all(std::string_view bytes) const noexcept {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent >= 0)
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            else if (const int failed = wait_after(errno, POLLOUT))
                return failed;
        }
        return 0;
    }

    /// Reads until the other side closes.
    int receive_all(std::string& into) const {
        std::array<char, 16 * 1024> piece{};
        for (;;) {
            const ssize_t got = ::recv(descriptor_, piece.data(), piece.size(), 0);
            if (got == 0)
                return 0;
            if (got > 0) {
                if (into.size() + static_cast<std::size_t>(got) > answer_bytes_max)
                    return EMSGSIZE;
                into.append(piece.data(), static_cast<std::size_t>(got));
            } else if (const int failed = wait_after(errno, POLLIN)) {
                return failed;
            }
        }
    }

private:
    int wait_after(int failed, short events) const noexcept {
        return failed == EAGAIN || failed == EINTR ? wait(events) : failed;
    }

    int wait(short events) const noexcept {
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock::now()).count();
            if (left <= 0)
                return ETIMEDOUT;
            pollfd waiting{descriptor_, events, 0};
            const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<long long>(left, 60'000)));
            if (ready > 0)
                return 0;
            if (ready < 0 && errno != EINTR)
                return errno;
        }
    }

    int descriptor_;
    clock::time_point deadline_;
};

/// An address and port as the system takes them.
struct endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

std::optional<endpoint> to_endpoint(const std::string& address, std::uint16_t port) {
    endpoint made;
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&made.storage, &v4, sizeof v4);
        made.size = sizeof v4;
        return made;
    }
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&made.storage, &v6, sizeof v6);
        made.size = sizeof v6;
        return made;
    }
    return std::nullopt;
}

std::string error_text(int code) {
    std::string text = std::generic_category().message(code);
    if (!text.empty())
        text.front() = to_lower(text.front());
    return text;
}

/// The value of a header.
std::optional<std::string_view> header_of(std::string_view head, std::string_view name) {
    const auto same_letter = [](char a, char b) { return to_lower(a) == to_lower(b); };
    const std::string begin = "\r\n" + std::string{name} + ":";
    const auto* const found = std::search(head.begin(), head.end(), begin.begin(), begin.end(), same_letter);
    if (found == head.end())
        return std::nullopt;
    std::string_view value = head.substr(static_cast<std::size_t>(found - head.begin()) + begin.size());
    value = value.substr(0, value.find('\r'));
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    return value;
}

std::optional<std::size_t> content_length(std::string_view head) {
    const auto value = header_of(head, "Content-Length");
    return value ? whole_number<std::size_t>(*value) : std::nullopt;
}

} // namespace

client::client(settings::admin configured, std::chrono::milliseconds timeout)
    : configured_(std::move(configured)), timeout_(timeout) {
    if (configured_.address == "0.0.0.0")
        configured_.address = "127.0.0.1";
    else if (configured_.address == "::")
        configured_.address = "::1";
}

std::string client::place() const {
    const bool is_v6 = configured_.address.find(':') != std::string::npos;
    return (is_v6 ? "[" + configured_.address + "]" : configured_.address) + ":" +
           std::to_string(configured_.port);
}

std::variant<client_answer, client_failure> client::get(std::string_view target) const {
    return ask("GET " + std::string{target}, {});
}

std::variant<client_answer, client_failure> client::post(std::string_view target) const {
    return ask("POST " + std::string{target}, "{}");
}

std::variant<client_answer, client_failure> client::ask(std::string_view request_line,
                                                        std::string_view body) const {
    if (configured_.port == 0)
        return client_failure{"admin.port is 0, so the daemon chose a port that only its log names; "
                              "set admin.port to that one"};
    const auto to = to_endpoint(configured_.address, configured_.port);
    if (!to)
        return client_failure{"admin.address '" + configured_.address + "' is not an IP address"};

    const connected_socket socket{to->storage.ss_family, clock::now() + timeout_};
    sockaddr_storage storage = to->storage;
    if (const int failed = socket.connect(reinterpret_cast<const sockaddr*>(&storage), to->size))
        return client_failure{"outreachd isn't running at " + place() + " (" + error_text(failed) + ")"};

    std::string asked = std::string{request_line} + " HTTP/1.1\r\nHost: " + place() +
                        "\r\nAccept: application/json\r\nConnection: close\r\n";
    if (!configured_.token.empty())
        asked += "Authorization: Bearer " + std::string{configured_.token.reveal()} + "\r\n";
    if (!body.empty())
        asked += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    asked += "\r\n";
    asked += body;
    std::string bytes;
    int failed = socket.send_all(asked);
    if (failed == 0)
        failed = socket.receive_all(bytes);
    if (failed != 0)
        return client_failure{"outreachd at " + place() + " didn't answer (" + error_text(failed) + ")"};
    auto answered = parse_answer(bytes);
    if (auto* const broken = std::get_if<client_failure>(&answered))
        broken->message =
            "what answers at " + place() + " isn't outreachd, or was cut off: " + broken->message;
    return answered;
}

std::variant<client_answer, client_failure> parse_answer(std::string_view bytes) {
    constexpr std::string_view version = "HTTP/1.1 ";
    const auto head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string_view::npos || !bytes.starts_with(version))
        return client_failure{"no whole HTTP/1.1 head"};
    const std::string_view head = bytes.substr(0, head_end);
    unsigned status = 0;
    const char* const digits = head.data() + version.size();
    const auto read = std::from_chars(digits, head.data() + head.size(), status);
    if (read.ec != std::errc{} || read.ptr != digits + 3)
        return client_failure{"no status of three digits"};
    const auto length = content_length(head);
    if (!length)
        return client_failure{"no Content-Length"};
    const std::string_view body = bytes.substr(head_end + 4);
    if (body.size() != *length)
        return client_failure{std::to_string(body.size()) + " bytes of a body of " + std::to_string(*length)};
    client_answer answered{status, std::string{body}};
    if (const auto last = header_of(head, search_ended_at))
        answered.ended_early = {std::string{*last},
                                std::string{header_of(head, search_ended_time).value_or("")}};
    return answered;
}

} // namespace outreachd::admin
