/// A TLS client connection that never blocks, for a loop on epoll.
///
/// It is registered once, edge-triggered for reading and writing: after an event its owner goes on with what
/// it was doing until that says `blocked`.
#pragma once

#include "tests/bench/target.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace outreachd::bench {

struct tls_options {
    bool allows_tls12 = false;
    bool resumes = false;      ///< A connection's next handshake uses the ticket of its last.
    bool saves_memory = false; ///< For thousands of connections: buffers are freed while idle.
    std::string cipher = "TLS_AES_256_GCM_SHA384"; ///< One TLS 1.3 suite, so that all servers encrypt alike.
};

/// What all connections share. The server's certificate is not checked: that would measure the client.
class tls_context {
public:
    explicit tls_context(const tls_options& options);

    ssl_ctx_st* handle() const { return handle_.get(); }

    bool resumes() const { return resumes_; }

private:
    struct deleter {
        void operator()(ssl_ctx_st* context) const;
    };

    std::unique_ptr<ssl_ctx_st, deleter> handle_;
    bool resumes_;
};

enum class progress {
    done,
    blocked, ///< Go on after the next event.
    closed,  ///< The server ended the connection in order.
    reset,   ///< RST, in whatever state the connection was.
    refused, ///< Nothing listens, or its queue is full.
    failed   ///< TLS or the system: `failure` says what.
};

class tls_connection {
public:
    /// The context, the target and the epoll descriptor outlive the connection; `tag` comes back with its
    /// events.
    tls_connection(const tls_context& context, const target& to, int epoll, std::uint64_t tag);
    ~tls_connection();
    tls_connection(const tls_connection&) = delete;
    tls_connection& operator=(const tls_connection&) = delete;

    /// Starts anew: a connection that is open is closed first.
    progress open();
    /// TCP and TLS, until `done`.
    progress establish();
    /// Sends what it can and cuts that off `rest`; `done` when nothing is left.
    progress write(std::string_view& rest);
    /// Reads at least a byte into `room`.
    progress read(std::span<char> room, std::size_t& bytes);
    /// Bypasses TLS, for tests of a server's patience.
    progress write_plain(std::string_view& rest);
    /// Closes the socket in order, without waiting for anything.
    void close();

    bool is_open() const { return socket_ >= 0; }

    bool is_established() const { return is_established_; }

    bool was_resumed() const;
    /// For example `TLSv1.3 TLS_AES_256_GCM_SHA384 X25519`.
    std::string protocol() const;

    const std::string& failure() const { return failure_; }

private:
    friend class tls_context;

    struct session_deleter {
        void operator()(ssl_session_st* session) const;
    };

    struct ssl_deleter {
        void operator()(ssl_st* ssl) const;
    };

    static int keep_session(ssl_st* ssl, ssl_session_st* session);
    progress system_failure(const char* what, int error);
    progress after_tls(const char* what, int result);

    const tls_context& context_;
    const target& target_;
    int epoll_;
    std::uint64_t tag_;
    int socket_ = -1;
    bool is_connected_ = false;
    bool is_established_ = false;
    std::unique_ptr<ssl_st, ssl_deleter> ssl_;
    std::unique_ptr<ssl_session_st, session_deleter> session_;
    std::string failure_;
};

} // namespace outreachd::bench
