/// A small synchronous HTTPS client for `outreachd send`.
///
/// Plain OpenSSL over a socket: one request at a time, one connection kept, nothing followed.
#pragma once

#include "daemon/text/url.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::command_line {

/// Whom an HTTPS client believes.
struct trust {
    std::string ca_file; ///< PEM; in place of the system's certificates. Empty: the system's.
    /// PEM, the listener's own certificate: trusted as it stands, whatever host name it is reached
    /// by, since who holds its key is the listener. Not being readable is no error.
    std::string own_certificate_file;
    bool is_insecure = false; ///< Anybody at all.
};

/// What TLS needs to know, made once and shared by the clients of one run. Thread-safe once made.
class tls_identity_check {
public:
    /// Throws std::runtime_error, naming the file, where `ca_file` can't be read.
    explicit tls_identity_check(const trust& rules);
    ~tls_identity_check();
    tls_identity_check(const tls_identity_check&) = delete;
    tls_identity_check& operator=(const tls_identity_check&) = delete;

private:
    friend class https_client;
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

struct http_failure {
    enum class kind {
        not_connected, ///< No address, nothing listens, no answer to the connection.
        not_trusted,   ///< TLS failed: the certificate was not accepted, or there is no TLS there.
        no_answer,     ///< Connected, and then reset, closed or silent.
    };
    kind what = kind::not_connected;
    std::string text; ///< A sentence for the operator, without a full stop.
};

struct http_answer {
    int status = 0; ///< 0 where there is a failure.
    std::optional<http_failure> failure;
};

/// One connection's owner. One thread at a time. The process must ignore SIGPIPE.
class https_client {
public:
    /// `check` outlives the client.
    https_client(url to, const tls_identity_check& check);
    ~https_client();
    https_client(const https_client&) = delete;
    https_client& operator=(const https_client&) = delete;

    /// POSTs `body`. `headers` are whole lines, each ended by CRLF; Host, Content-Length and
    /// Connection are added. The connection is opened where there is none, and kept afterwards
    /// where `is_kept` and the server agrees; one that the server closed while it was idle is
    /// opened anew. Blocks for at most some 10 s each to connect, to send and to read.
    http_answer post(std::string_view headers, std::string_view body, bool is_kept);

private:
    struct connection;
    http_answer exchange(std::string_view request, bool is_kept);

    url to_;
    const tls_identity_check& check_;
    std::unique_ptr<connection> open_;
};

} // namespace outreachd::command_line
