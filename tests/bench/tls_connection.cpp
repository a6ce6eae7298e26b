#include "tests/bench/tls_connection.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::bench {

void tls_context::deleter::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

tls_context::tls_context(const tls_options& options)
    : handle_{SSL_CTX_new(TLS_client_method())}, resumes_{options.resumes} {
    SSL_CTX* const context = handle_.get();
    if (context == nullptr ||
        SSL_CTX_set_min_proto_version(context, options.allows_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, options.cipher.c_str()) != 1 ||
        SSL_CTX_set1_groups_list(context, "X25519:P-256") != 1) {
        throw std::runtime_error{"OpenSSL takes no cipher suite " + options.cipher};
    }
    // One system call reads a whole record, and a server that closes without close_notify isn't an error.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (options.saves_memory) {
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    }
    if (options.resumes) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, &tls_connection::keep_session);
    } else {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
}

void tls_connection::session_deleter::operator()(ssl_session_st* session) const {
    SSL_SESSION_free(session);
}

void tls_connection::ssl_deleter::operator()(ssl_st* ssl) const {
    // Without a shutdown on record OpenSSL would forbid this session's ticket to be used again.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

tls_connection::tls_connection(const tls_context& context, const target& to, int epoll, std::uint64_t tag)
    : context_{context}, target_{to}, epoll_{epoll}, tag_{tag} {}

tls_connection::~tls_connection() {
    close();
}

/// OpenSSL gives the session away: true says that we took it.
int tls_connection::keep_session(ssl_st* ssl, ssl_session_st* session) {
    static_cast<tls_connection*>(SSL_get_app_data(ssl))->session_.reset(session);
    return 1;
}

progress tls_connection::open() {
    close();
    failure_.clear();
    socket_ = socket(target_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) {
        return system_failure("socket", errno);
    }
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ssl_.reset(SSL_new(context_.handle()));
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket_) != 1) {
        return after_tls("TLS set-up", 0);
    }
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_connect_state(ssl_.get());
    if (session_) {
        SSL_set_session(ssl_.get(), session_.get());
    }

    const auto* const address = static_cast<const sockaddr*>(static_cast<const void*>(&target_.address));
    if (connect(socket_, address, target_.address_bytes) != 0 && errno != EINPROGRESS) {
        return system_failure("connect", errno);
    }
    epoll_event interest{};
    interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
    interest.data.u64 = tag_;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_, &interest) != 0) {
        return system_failure("epoll_ctl", errno);
    }
    return progress::blocked;
}

progress tls_connection::establish() {
    if (!is_connected_) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            return system_failure("connect", error);
        }
        is_connected_ = true;
    }
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
        return after_tls("handshake", result);
    }
    is_established_ = true;
    return progress::done;
}

progress tls_connection::write(std::string_view& rest) {
    while (!rest.empty()) {
        ERR_clear_error();
        std::size_t written = 0;
        const int result = SSL_write_ex(ssl_.get(), rest.data(), rest.size(), &written);
        if (result != 1) {
            return after_tls("write", result);
        }
        rest.remove_prefix(written);
    }
    return progress::done;
}

progress tls_connection::write_plain(std::string_view& rest) {
    while (!rest.empty()) {
        const ssize_t written = send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (written < 0) {
            return errno == EAGAIN || errno == ENOTCONN ? progress::blocked : system_failure("send", errno);
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return progress::done;
}

progress tls_connection::read(std::span<char> room, std::size_t& bytes) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), room.data(), room.size(), &bytes);
    return result == 1 ? progress::done : after_tls("read", result);
}

void tls_connection::close() {
    ssl_.reset();
    if (socket_ >= 0) {
        ::close(socket_);
    }
    socket_ = -1;
    is_connected_ = is_established_ = false;
}

bool tls_connection::was_resumed() const {
    return SSL_session_reused(ssl_.get()) == 1;
}

std::string tls_connection::protocol() const {
    const char* const group = OBJ_nid2sn(static_cast<int>(SSL_get_negotiated_group(ssl_.get())));
    return std::string{SSL_get_version(ssl_.get())} + " " + SSL_get_cipher_name(ssl_.get()) + " " +
           (group == nullptr ? "no group" : group);
}

progress tls_connection::system_failure(const char* what, int error) {
    failure_ = std::string{what} + ": " + std::strerror(error);
    switch (error) {
    case ECONNRESET:
    case EPIPE:
        return progress::reset;
    case ECONNREFUSED:
        return progress::refused;
    default:
        return progress::failed;
    }
}

progress tls_connection::after_tls(const char* what, int result) {
    const int error = errno; // SSL_get_error may change it.
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return progress::blocked;
    case SSL_ERROR_ZERO_RETURN:
        failure_ = std::string{what} + ": closed by the server";
        return progress::closed;
    case SSL_ERROR_SYSCALL:
        if (error == 0) {
            failure_ = std::string{what} + ": closed by the server";
            return progress::closed;
        }
        return system_failure(what, error);
    default:
        std::array<char, 200> text{};
        ERR_error_string_n(ERR_get_error(), text.data(), text.size());
        failure_ = std::string{what} + ": " + text.data();
        return progress::failed;
    }
}

} // namespace outreachd::bench
