#include "tests/integration/wire_client.hpp"

#include "daemon/signature/verifier.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace outreachd::tests {

namespace {

SSL_CTX* client_context() {
    static SSL_CTX* const context = [] {
        std::signal(SIGPIPE, SIG_IGN); // OpenSSL writes to sockets whose other end may be gone
        SSL_CTX* made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(made, SSL_MODE_AUTO_RETRY);
        SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
        return made;
    }();
    return context;
}

} // namespace

wire_client::wire_client(std::uint16_t port, transport how, ssl_session_st* resume) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return;
    if (how == transport::tls) {
        ssl_ = SSL_new(client_context());
        SSL_set_fd(ssl_, socket_);
        SSL_set_tlsext_host_name(ssl_, "localhost");
        if (resume != nullptr)
            SSL_set_session(ssl_, resume);
        ERR_clear_error();
        if (SSL_connect(ssl_) != 1)
            return;
    }
    is_connected_ = true;
}

wire_client::~wire_client() {
    if (ssl_ != nullptr) {
        if (is_connected_)
            SSL_shutdown(ssl_);
        SSL_free(ssl_);
    }
    ERR_clear_error();
    ::close(socket_);
}

bool wire_client::is_resumed() const noexcept {
    return SSL_session_reused(ssl_) == 1;
}

int wire_client::tls_version() const noexcept {
    return SSL_version(ssl_);
}

std::shared_ptr<ssl_session_st> wire_client::session() const {
    return {SSL_get1_session(ssl_), SSL_SESSION_free};
}

bool wire_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        ERR_clear_error();
        const ssize_t sent = ssl_ != nullptr
                                 ? SSL_write(ssl_, bytes.data(),
                                             static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)))
                                 : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool wire_client::send_byte_by_byte(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [this](const char& byte) { return send({&byte, 1}); });
}

void wire_client::shut_down_sending() {
    if (ssl_ != nullptr)
        SSL_shutdown(ssl_);
    ::shutdown(socket_, SHUT_WR);
}

ending wire_client::read_some(std::chrono::steady_clock::time_point until) {
    if (ssl_ == nullptr || SSL_pending(ssl_) == 0) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd waited{socket_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) == 0)
            return ending::silent;
    }
    char bytes[16384];
    errno = 0;
    ERR_clear_error();
    const ssize_t got =
        ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes) : ::recv(socket_, bytes, sizeof bytes, 0);
    if (got > 0) {
        unread_.append(bytes, static_cast<std::size_t>(got));
        return ending::none;
    }
    return errno == ECONNRESET || errno == EPIPE ? ending::reset : ending::closed;
}

answer wire_client::read_answer(std::chrono::milliseconds limit) {
    const auto began = std::chrono::steady_clock::now();
    const auto until = began + limit;
    answer got;
    const auto finish = [&](ending end) {
        got.end = end;
        got.took =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        return got;
    };
    std::size_t head_end = std::string::npos;
    while ((head_end = unread_.find("\r\n\r\n")) == std::string::npos)
        if (const ending end = read_some(until); end != ending::none)
            return finish(end);
    const std::string head = unread_.substr(0, head_end + 2);
    unread_.erase(0, head_end + 4);
    got.status = head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
        const std::size_t line_end = head.find("\r\n", at);
        const std::string line = head.substr(at, line_end - at);
        const std::size_t colon = line.find(':');
        std::string name = line.substr(0, colon);
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return std::tolower(c); });
        got.fields[name] = line.substr(std::min(line.size(), colon + 2));
        at = line_end + 2;
    }
    const auto length = got.fields.find("content-length");
    const std::size_t body_bytes = length != got.fields.end() ? std::stoul(length->second) : 0;
    while (unread_.size() < body_bytes)
        if (const ending end = read_some(until); end != ending::none)
            return finish(end);
    got.body = unread_.substr(0, body_bytes);
    unread_.erase(0, body_bytes);
    return finish(ending::none);
}

ending wire_client::read_end(std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;)
        if (const ending end = read_some(until); end != ending::none)
            return end;
}

std::string signature_of(std::string_view body, std::string_view secret_bytes) {
    return signature::sign(secret(std::string(secret_bytes)), body);
}

std::string signed_post(std::string_view body, std::string_view fields) {
    return "POST /webhooks/outreach HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/vnd.api+json\r\n"
           "Outreach-Webhook-Signature: " +
           signature_of(body) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(fields) + "\r\n" + std::string(body);
}

std::string numbered_body(std::uint64_t number) {
    return R"({"data":{"type":"task","id":)" + std::to_string(number) +
           R"(,"attributes":{"state":"complete"}},"meta":{"eventName":"task.completed","deliveredAt":"2026-11-01T09:20:00.955-07:00"}})";
}

} // namespace outreachd::tests
