#include "daemon/ingress/tls_stream.hpp"

#include "daemon/event/errc.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include <sys/socket.h>

namespace outreachd::ingress {
namespace {

/// The largest TLS record. Each thread reads into one such buffer and copies what came, so that a
/// connection that waits holds nothing.
constexpr std::size_t record_bytes_max = 16 * 1024;

/// A handshake takes five messages from a client at most, and nobody changes keys that often within
/// the life of a connection.
constexpr int handshake_messages_max = 32;

std::span<char> scratch() {
    thread_local std::array<char, record_bytes_max> bytes;
    return bytes;
}

/// SSL_get_error asks for an empty queue, which it nearly always is; clearing walks all of it.
void forget_errors() {
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

} // namespace

void tls_stream::deleter::operator()(ssl_st* connection) const noexcept {
    SSL_free(connection);
}

tls_stream::tls_stream(tcp_socket socket, const tls_context* tls) : socket_(std::move(socket)) {
    error_code ec;
    socket_.native_non_blocking(true, ec);
    if (tls == nullptr)
        return;
    tls_.reset(SSL_new(tls->get()));
    if (!tls_ || SSL_set_fd(tls_.get(), socket_.native_handle()) != 1)
        throw std::bad_alloc();
    SSL_set_accept_state(tls_.get());
    SSL_set_msg_callback(tls_.get(), &tls_stream::count_message);
    SSL_set_msg_callback_arg(tls_.get(), &handshake_messages_);
    BIO_set_callback_ex(SSL_get_rbio(tls_.get()), &tls_stream::watch_handshake);
    BIO_set_callback_arg(SSL_get_rbio(tls_.get()), reinterpret_cast<char*>(this));
}

tls_stream::~tls_stream() = default;

awaitable<io_state> tls_stream::handshake() {
    if (!tls_)
        co_return io_state::done;
    while (!is_closed_) {
        forget_errors();
        const io_state state = judge_tls(SSL_do_handshake(tls_.get()));
        if (state != io_state::want_read && state != io_state::want_write) {
            BIO_set_callback_ex(SSL_get_rbio(tls_.get()), nullptr);
            co_return state;
        }
        const bool is_ready = co_await wait(state);
        if (!is_ready)
            break;
    }
    co_return io_state::failed;
}

io_result tls_stream::try_receive(std::string& into, std::size_t bytes_max) {
    const std::span<char> buffer = scratch();
    const io_result got = try_read(buffer.first(std::min(buffer.size(), bytes_max)));
    into.append(buffer.data(), got.bytes);
    return got;
}

bool tls_stream::has_partial_record() const noexcept {
    return tls_ && !is_closed_ && !is_broken_ && SSL_has_pending(tls_.get()) == 1;
}

awaitable<io_state> tls_stream::write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const io_result wrote = try_write(bytes);
        bytes.remove_prefix(wrote.bytes);
        if (wrote.state == io_state::done)
            continue;
        if (wrote.state != io_state::want_read && wrote.state != io_state::want_write)
            co_return wrote.state;
        const bool is_ready = co_await wait(wrote.state);
        if (!is_ready)
            co_return io_state::failed;
    }
    co_return io_state::done;
}

awaitable<bool> tls_stream::wait(io_state want) {
    if (is_closed_)
        co_return false;
    const auto direction =
        want == io_state::want_write ? asio::socket_base::wait_write : asio::socket_base::wait_read;
    const auto [ec] = co_await socket_.async_wait(direction, as_result);
    co_return !ec && !is_closed_;
}

void tls_stream::cancel_wait() {
    error_code ignored;
    socket_.cancel(ignored);
}

void tls_stream::send_end() {
    if (is_closed_)
        return;
    if (tls_ && !is_broken_ && SSL_is_init_finished(tls_.get()) == 1) {
        forget_errors();
        // Once is enough: the peer's own close_notify is of no interest.
        if (SSL_shutdown(tls_.get()) < 0)
            ERR_clear_error();
    }
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void tls_stream::close() {
    is_closed_ = true; // From here on OpenSSL's descriptor may be another connection's.
    error_code ignored;
    socket_.close(ignored);
}

void tls_stream::reset() {
    if (is_closed_)
        return;
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
}

io_result tls_stream::try_read(std::span<char> into) {
    if (is_closed_ || is_broken_)
        return {};
    if (!tls_) {
        const ssize_t got = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
        if (got > 0)
            return {io_state::done, static_cast<std::size_t>(got)};
        return {got == 0 ? io_state::end : judge_system(io_state::want_read), 0};
    }
    forget_errors();
    std::size_t bytes = 0;
    const int returned = SSL_read_ex(tls_.get(), into.data(), into.size(), &bytes);
    return returned == 1 ? io_result{io_state::done, bytes} : io_result{judge_tls(returned), 0};
}

io_result tls_stream::try_write(std::string_view bytes) {
    if (is_closed_ || is_broken_)
        return {};
    if (!tls_) {
        const ssize_t put = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put >= 0)
            return {io_state::done, static_cast<std::size_t>(put)};
        return {judge_system(io_state::want_write), 0};
    }
    forget_errors();
    std::size_t written = 0;
    const int returned = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
    return returned == 1 ? io_result{io_state::done, written} : io_result{judge_tls(returned), 0};
}

/// OpenSSL reads on within one call as long as handshake messages come (KeyUpdate, or what it refuses
/// of TLS 1.2's renegotiation), and a peer that sends nothing else would keep the thread for itself.
/// One that sends too many is taken as having ended, which is what OpenSSL looks at in between.
void tls_stream::count_message(int is_sent, int, int type, const void*, std::size_t, ssl_st* connection,
                               void* count) {
    if (type != SSL3_RT_HANDSHAKE || is_sent != 0)
        return;
    if (++*static_cast<int*>(count) > handshake_messages_max)
        SSL_set_shutdown(connection, SSL_get_shutdown(connection) | SSL_RECEIVED_SHUTDOWN);
}

/// What OpenSSL has read of the socket, before it looks at it. -1: to OpenSSL the socket has failed.
long tls_stream::watch_handshake(bio_st* socket, int operation, const char* bytes, std::size_t, int, long,
                                 int returned, std::size_t* got) {
    if (operation != (BIO_CB_READ | BIO_CB_RETURN) || returned <= 0)
        return returned;
    auto& self = *reinterpret_cast<tls_stream*>(BIO_get_callback_arg(socket));
    const std::span came(reinterpret_cast<const unsigned char*>(bytes), *got);
    if (self.hello_.take(came, SSL_version(self.tls_.get()) == TLS1_3_VERSION))
        return returned;
    self.is_hello_refused_ = true;
    return -1;
}

io_state tls_stream::judge_tls(int returned) {
    const int cause = errno;
    if (is_hello_refused_) {
        is_broken_ = true;
        failure_ = "the ClientHello is too long";
        ERR_clear_error();
        return io_state::failed;
    }
    switch (SSL_get_error(tls_.get(), returned)) {
    case SSL_ERROR_NONE:
        return io_state::done;
    case SSL_ERROR_WANT_READ:
        return io_state::want_read;
    case SSL_ERROR_WANT_WRITE:
        return io_state::want_write;
    case SSL_ERROR_ZERO_RETURN:
        return io_state::end;
    case SSL_ERROR_SYSCALL:
        is_broken_ = true;
        failure_ = cause == ECONNRESET ? "reset by the peer" : "the connection broke";
        return io_state::failed;
    default:
        is_broken_ = true;
        const char* const reason = ERR_reason_error_string(ERR_peek_error());
        failure_ = reason == nullptr ? "TLS failed" : reason;
        ERR_clear_error();
        return io_state::failed;
    }
}

io_state tls_stream::judge_system(io_state would_block) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return would_block;
    failure_ = errno == ECONNRESET ? "reset by the peer" : "the connection broke";
    return io_state::failed;
}

} // namespace outreachd::ingress
