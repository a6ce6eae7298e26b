/// The server's side of TLS: certificate, key, and what is negotiated.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/settings/settings.hpp"

#include <memory>

struct ssl_ctx_st;

namespace outreachd::ingress {

/// TLS 1.2 and 1.3 as Mozilla's intermediate profile 5.7 asks: ECDHE with AEAD suites, X25519, P-256
/// and P-384, the client's preference, no compression, no renegotiation. Sessions are resumed by
/// ticket, or by id where a TLS 1.2 client has no tickets.
///
/// Immutable once made; any thread. A reload makes another and swaps them: connections keep the one
/// they began with.
class tls_context {
public:
    /// Reads both files. Throws std::runtime_error, naming the file and the cause, where one can't be
    /// read, isn't PEM, is encrypted, or the two don't belong together.
    explicit tls_context(const settings::tls_files& files);

    ssl_ctx_st* get() const noexcept { return context_.get(); }

    /// When the server's own certificate expires.
    wall_time expires_at() const noexcept { return expires_at_; }

private:
    struct deleter {
        void operator()(ssl_ctx_st* context) const noexcept;
    };

    std::unique_ptr<ssl_ctx_st, deleter> context_;
    wall_time expires_at_{};
};

} // namespace outreachd::ingress
