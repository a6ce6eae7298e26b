/// An accepted connection's bytes: TLS by OpenSSL on the socket itself, or plain.
#pragma once

#include "daemon/ingress/hello_guard.hpp"
#include "daemon/ingress/io.hpp"
#include "daemon/ingress/tls_context.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct bio_st;
struct ssl_st;

namespace outreachd::ingress {

/// How one attempt at reading or writing ended.
enum class io_state {
    done,
    want_read,  ///< Nothing now; try again when the socket can be read.
    want_write, ///< The same for writing.
    end,        ///< The peer will send nothing more.
    failed,     ///< The connection is broken, or was closed or reset here.
};

struct io_result {
    io_state state = io_state::failed;
    std::size_t bytes = 0;
};

/// OpenSSL reads and writes the non-blocking socket; Asio only tells when it is ready.
///
/// `asio::ssl::stream` holds 52 KiB of buffers a connection and copies every byte through a pair of
/// memory BIOs; this holds none while a connection is idle. Every operation is tried first and waits
/// only where the socket isn't ready. All of it on the socket's strand; one operation at a time.
class tls_stream {
public:
    /// Takes over an accepted socket. `tls` null: plaintext. Throws std::bad_alloc.
    tls_stream(tcp_socket socket, const tls_context* tls);
    ~tls_stream();
    tls_stream(const tls_stream&) = delete;
    tls_stream& operator=(const tls_stream&) = delete;

    /// Done at once for plaintext.
    awaitable<io_state> handshake();

    /// Appends what is there to `into`, at most `bytes_max` and at most one record. Never waits.
    io_result try_receive(std::string& into, std::size_t bytes_max);

    /// Whether a part of a TLS record has come, whose rest is still on its way.
    bool has_partial_record() const noexcept;

    /// Writes all of `bytes`, waiting where the peer is slow.
    awaitable<io_state> write_all(std::string_view bytes);

    /// Waits until the socket is ready for `want` (want_read or want_write). False where the wait was
    /// cancelled, or the connection was closed or reset meanwhile.
    awaitable<bool> wait(io_state want);

    /// Ends a wait that is going on; the connection stays usable.
    void cancel_wait();

    /// Says that nothing more will be written (close_notify, FIN). The peer may still be read.
    void send_end();

    /// Closes. What was written is still delivered.
    void close();

    /// Closes by RST, without a TLS alert, so that the peer knows that it wasn't served.
    void reset();

    bool is_open() const noexcept { return !is_closed_; }

    /// For the log: why OpenSSL or the system failed. A constant.
    const char* failure() const noexcept { return failure_; }

    tcp_socket& socket() noexcept { return socket_; }

private:
    struct deleter {
        void operator()(ssl_st* connection) const noexcept;
    };

    io_result try_read(std::span<char> into);
    io_result try_write(std::string_view bytes);
    io_state judge_tls(int returned);
    static long watch_handshake(bio_st* socket, int operation, const char* bytes, std::size_t size, int, long,
                                int returned, std::size_t* got);
    static void count_message(int is_sent, int version, int type, const void* bytes, std::size_t size,
                              ssl_st* connection, void* count);
    io_state judge_system(io_state would_block);

    tcp_socket socket_;
    std::unique_ptr<ssl_st, deleter> tls_;
    hello_guard hello_;          ///< Until the handshake is done.
    int handshake_messages_ = 0; ///< That came from the peer.
    bool is_hello_refused_ = false;
    bool is_closed_ = false;
    bool is_broken_ = false; ///< OpenSSL failed: it must not be called again.
    const char* failure_ = "";
};

} // namespace outreachd::ingress
