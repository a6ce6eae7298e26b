#include "tests/integration/http_receiver.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::tests {

namespace {

bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// Reads until `buffer` has `size` bytes.
bool fill(int socket, std::string& buffer, std::size_t size) {
    char piece[16 * 1024];
    while (buffer.size() < size) {
        const ssize_t got = ::recv(socket, piece, sizeof piece, 0);
        if (got <= 0)
            return false;
        buffer.append(piece, static_cast<std::size_t>(got));
    }
    return true;
}

std::string lower(std::string_view text) {
    std::string made{text};
    std::transform(made.begin(), made.end(), made.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return made;
}

/// The next request with a Content-Length, which is what our handlers send; nothing at the end.
std::optional<received_call> read_call(int socket, std::string& buffer) {
    std::size_t head_end = std::string::npos;
    while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos)
        if (!fill(socket, buffer, buffer.size() + 1))
            return std::nullopt;
    received_call call;
    std::string_view head = std::string_view{buffer}.substr(0, head_end);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    call.method = line.substr(0, line.find(' '));
    call.target = line.substr(call.method.size() + 1, line.rfind(' ') - call.method.size() - 1);
    head.remove_prefix(line.size());
    while (head.starts_with("\r\n")) {
        head.remove_prefix(2);
        const std::string_view field = head.substr(0, head.find("\r\n"));
        head.remove_prefix(field.size());
        const std::size_t colon = field.find(':');
        std::string_view value = field.substr(colon + 1);
        while (value.starts_with(' '))
            value.remove_prefix(1);
        call.fields[lower(field.substr(0, colon))] = value;
        ++call.field_count;
    }
    const auto length = call.fields.find("content-length");
    const std::size_t size = length == call.fields.end() ? 0 : std::stoul(length->second);
    buffer.erase(0, head_end + 4);
    if (!fill(socket, buffer, size))
        return std::nullopt;
    call.body = buffer.substr(0, size);
    buffer.erase(0, size);
    return call;
}

/// False: the connection ends.
bool answer_with(int socket, const reply& what) {
    if (what.how == reply::kind::reset) {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
    }
    if (what.how == reply::kind::nothing)
        return false;
    const std::string head = "HTTP/1.1 " + std::to_string(what.status) + " Said So\r\n" + what.fields +
                             "Content-Length: " + std::to_string(what.body.size()) + "\r\n\r\n";
    const bool is_half = what.how == reply::kind::half;
    const std::string_view body = std::string_view{what.body}.substr(0, what.body.size() / (is_half ? 2 : 1));
    return send_all(socket, head + std::string{body}) && !is_half;
}

} // namespace

http_receiver::http_receiver(script play) : play_(std::move(play)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 128) != 0)
        throw std::runtime_error("the receiver can't listen");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
}

http_receiver::~http_receiver() {
    is_stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    std::vector<std::thread> serving;
    {
        const std::lock_guard lock(mutex_);
        for (const int socket : sockets_)
            ::shutdown(socket, SHUT_RDWR);
        serving.swap(threads_);
    }
    for (std::thread& one : serving)
        one.join();
    ::close(listener_);
}

std::size_t http_receiver::connections() const {
    const std::lock_guard lock(mutex_);
    return sockets_.size();
}

void http_receiver::accept_all() {
    while (!is_stopping_) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            continue;
        const std::lock_guard lock(mutex_);
        sockets_.insert(socket);
        threads_.emplace_back([this, socket] { serve(socket); });
    }
}

void http_receiver::serve(int socket) {
    std::string buffer;
    while (const auto call = read_call(socket, buffer)) {
        const reply what = play_(*call);
        for (auto left = what.delay; left > std::chrono::milliseconds{0} && !is_stopping_;
             left -= std::chrono::milliseconds{50})
            std::this_thread::sleep_for(std::min(left, std::chrono::milliseconds{50}));
        if (!answer_with(socket, what))
            break;
    }
    const std::lock_guard lock(mutex_);
    sockets_.erase(socket);
    ::close(socket);
}

} // namespace outreachd::tests
