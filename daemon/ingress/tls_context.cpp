#include "daemon/ingress/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace outreachd::ingress {
namespace {

// Mozilla's guidelines, version 5.7, intermediate; without the DHE suites, which nothing that
// speaks TLS 1.2 with AEAD needs.
constexpr const char* tls12_suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                     "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* groups = "X25519:P-256:P-384";

/// Sessions by id, for TLS 1.2 clients without tickets: about 1 KiB each.
constexpr long cached_sessions_max = 4'096;
constexpr long session_lifetime_s = 2 * 60 * 60;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error("listen.tls: " + what);
}

/// What OpenSSL said first: later entries only repeat it higher up.
std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == nullptr ? "unknown error" : reason;
}

/// OpenSSL's own words for a file that isn't there are hard to read.
void must_be_readable(const char* what, const std::string& path) {
    std::ifstream file(path);
    if (!file || file.peek() == std::ifstream::traits_type::eof()) {
        const int cause = errno;
        fail(std::string{"can't read the "} + what + " " + path + ": " +
             (file.is_open() ? "the file is empty" : std::strerror(cause)));
    }
}

/// Asked only where the key is encrypted: a daemon has nobody to ask for a passphrase.
int no_passphrase(char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
    constexpr std::string_view ours{"\x08http/1.1"};
    std::string_view left{reinterpret_cast<const char*>(offered), offered_size};
    while (!left.empty()) {
        const std::size_t entry = 1U + static_cast<unsigned char>(left.front());
        if (left.substr(0, entry) == ours) {
            *chosen = reinterpret_cast<const unsigned char*>(left.data()) + 1;
            *chosen_size = static_cast<unsigned char>(left.front());
            return SSL_TLSEXT_ERR_OK;
        }
        left.remove_prefix(std::min(entry, left.size()));
    }
    // A client that offers others alone is served HTTP/1.1 all the same: refusing the handshake
    // could only lose an event.
    return SSL_TLSEXT_ERR_NOACK;
}

void set_policy(SSL_CTX* context) {
    static constexpr std::string_view session_context = "outreachd";
    const bool is_set = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                        SSL_CTX_set_cipher_list(context, tls12_suites) == 1 &&
                        SSL_CTX_set1_groups_list(context, groups) == 1 &&
                        SSL_CTX_set_session_id_context(
                            context, reinterpret_cast<const unsigned char*>(session_context.data()),
                            static_cast<unsigned int>(session_context.size())) == 1 &&
                        // One ticket is what a client needs to come back; OpenSSL makes two.
                        SSL_CTX_set_num_tickets(context, 1) == 1;
    if (!is_set)
        fail("this OpenSSL can't do what is needed: " + openssl_reason());
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     // A close without close_notify is an ordinary end: the length
                                     // of a request never depends on it.
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, cached_sessions_max);
    SSL_CTX_set_timeout(context, session_lifetime_s);
    // A record in one system call, not two: its header isn't fetched apart.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

void use_files(SSL_CTX* context, const settings::tls_files& files) {
    ERR_clear_error();
    must_be_readable("certificate", files.certificate);
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
        fail("no PEM certificate can be read from " + files.certificate + ": " + openssl_reason());
    must_be_readable("private key", files.private_key);
    bool is_encrypted = false;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &is_encrypted);
    const bool is_loaded =
        SSL_CTX_use_PrivateKey_file(context, files.private_key.c_str(), SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    if (is_loaded && SSL_CTX_check_private_key(context) == 1)
        return;
    if (is_encrypted)
        fail("the private key " + files.private_key + " is encrypted: give it without a passphrase");
    if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH ||
        ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_TYPE_MISMATCH)
        fail("the private key " + files.private_key + " doesn't belong to the certificate " +
             files.certificate);
    fail("no PEM private key can be read from " + files.private_key + ": " + openssl_reason());
}

wall_time expiry_of(SSL_CTX* context) {
    std::tm time{};
    const X509* const certificate = SSL_CTX_get0_certificate(context);
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1)
        return {};
    return wall_time{std::chrono::seconds{timegm(&time)}};
}

} // namespace

void tls_context::deleter::operator()(ssl_ctx_st* context) const noexcept {
    SSL_CTX_free(context);
}

tls_context::tls_context(const settings::tls_files& files) : context_(SSL_CTX_new(TLS_server_method())) {
    if (!context_)
        fail("no memory for OpenSSL: " + openssl_reason());
    set_policy(context_.get());
    use_files(context_.get(), files);
    expires_at_ = expiry_of(context_.get());
}

} // namespace outreachd::ingress
