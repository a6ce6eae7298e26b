#include "daemon/amqp_connection/tls_connect.hpp"

#include "daemon/amqp_connection/tcp_connect.hpp"
#include "daemon/amqp_connection/timeouts.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <new>

#include <amqp_ssl_socket.h>
#include <arpa/inet.h>
#include <unistd.h>

namespace outreachd::amqp_connection {

namespace {

/// Why the last certificate on this thread was refused; the library's answer says no more than that it was.
thread_local int refused_certificate = X509_V_OK;

int note_verdict(int holds, X509_STORE_CTX* chain) {
    if (holds == 0)
        refused_certificate = X509_STORE_CTX_get_error(chain);
    return holds;
}

bool is_address(const std::string& host) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

/// False where `pem` holds no certificate.
bool trust(SSL_CTX* context, const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&::BIO_free)> source{
        ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &::BIO_free};
    if (!source)
        throw std::bad_alloc{};
    bool holds_one = false;
    for (;;) {
        const std::unique_ptr<X509, decltype(&::X509_free)> certificate{
            ::PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr), &::X509_free};
        if (!certificate)
            break;
        ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), certificate.get());
        holds_one = true;
    }
    ::ERR_clear_error(); // the end of the text is an error, too
    return holds_one;
}

/// Makes OpenSSL itself verify chain and name, which ends the handshake with a proper alert, and knows
/// addresses; rabbitmq-c would look at the name afterwards, and at names alone.
std::string prepare(SSL_CTX* context, const tls_peer& peer) {
    ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_verdict);
    X509_VERIFY_PARAM* const wanted = ::SSL_CTX_get0_param(context);
    const int is_set = is_address(peer.host) ? ::X509_VERIFY_PARAM_set1_ip_asc(wanted, peer.host.c_str())
                                             : ::X509_VERIFY_PARAM_set1_host(wanted, peer.host.c_str(), 0);
    if (is_set != 1)
        return "its name can't be verified";
    if (peer.authorities.empty())
        return ::SSL_CTX_set_default_verify_paths(context) == 1 ? "" : "the system's CAs can't be read";
    return trust(context, peer.authorities) ? "" : "'ca' holds no certificate";
}

std::string words_for_handshake() {
    if (refused_certificate != X509_V_OK)
        return std::string{"its certificate isn't trusted: "} +
               ::X509_verify_cert_error_string(refused_certificate) +
               " (if its CA is one of your own, give it as 'ca')";
    const char* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    return std::string{"the TLS handshake failed: "} + (reason == nullptr ? "the connection broke" : reason) +
           " (does the port speak TLS?)";
}

/// rabbitmq-c keeps the system's error to itself: the same once more tells it.
std::string words_for_connect(const tls_peer& peer, steady_time deadline, watched_socket& watched) {
    const tcp_connected again = connect_tcp(peer.host, peer.port, deadline, watched);
    if (again.descriptor < 0)
        return again.problem;
    std::ignore = watched.use(-1);
    ::close(again.descriptor);
    return "the connection broke";
}

} // namespace

std::string connect_tls(amqp_connection_state_t state, const tls_peer& peer, steady_time deadline,
                        watched_socket& watched) {
    amqp_socket_t* const socket = ::amqp_ssl_socket_new(state);
    if (socket == nullptr)
        throw std::bad_alloc{};
    std::string problem = prepare(static_cast<SSL_CTX*>(::amqp_ssl_socket_get_context(socket)), peer);
    if (!problem.empty())
        return problem;
    ::amqp_ssl_socket_set_verify_hostname(socket, 0);
    refused_certificate = X509_V_OK;
    const timeval left = time_until(deadline);
    switch (const int status = ::amqp_socket_open_noblock(socket, peer.host.c_str(), peer.port, &left)) {
    case AMQP_STATUS_OK:
        break;
    case AMQP_STATUS_TIMEOUT:
        return "no answer in time";
    case AMQP_STATUS_SSL_CONNECTION_FAILED:
        return words_for_handshake();
    case AMQP_STATUS_SOCKET_ERROR:
    case AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED:
        return words_for_connect(peer, deadline, watched);
    default:
        return ::amqp_error_string2(status);
    }
    const int descriptor = ::amqp_get_sockfd(state);
    return set_socket_options(descriptor) && watched.use(descriptor) ? "" : "its socket can't be set up";
}

} // namespace outreachd::amqp_connection
