/// Sockets block, with a limit on each call, so that no event loop is needed.
#include "daemon/command_line/https_client.hpp"

#include "daemon/command_line/http_answer_head.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace outreachd::command_line {

namespace {

/// The daemon answers or resets within 4.5 s, so twice that is silence.
constexpr std::chrono::seconds socket_timeout{10};

/// What is read of an answer at most; the daemon's own has no body.
constexpr std::size_t answer_bytes_max = 1U << 20U;

struct free_openssl {
    void operator()(SSL_CTX* it) const { SSL_CTX_free(it); }

    void operator()(SSL* it) const { SSL_free(it); }

    void operator()(X509* it) const { X509_free(it); }

    void operator()(BIO* it) const { BIO_free(it); }
};

template <typename T>
using owned = std::unique_ptr<T, free_openssl>;

/// The first of OpenSSL's queued errors, in words.
std::string openssl_text() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "no further detail" : reason;
}

http_answer failed(http_failure::kind what, std::string text) {
    return {.status = 0, .failure = http_failure{what, std::move(text)}};
}

/// Lets a certificate pass that bears another name, where it is the listener's own.
int accept_own_certificate(int is_ok, X509_STORE_CTX* store) {
    const int error = X509_STORE_CTX_get_error(store);
    if (is_ok == 1 || (error != X509_V_ERR_HOSTNAME_MISMATCH && error != X509_V_ERR_IP_ADDRESS_MISMATCH))
        return is_ok;
    const auto* const tls =
        static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const auto* const own = static_cast<const X509*>(SSL_get_ex_data(tls, 0));
    const X509* const shown = X509_STORE_CTX_get0_cert(store);
    if (own == nullptr || shown == nullptr || X509_cmp(own, shown) != 0)
        return 0;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

bool is_address(const std::string& host) {
    unsigned char scratch[sizeof(in6_addr)];
    return inet_pton(AF_INET, host.c_str(), scratch) == 1 || inet_pton(AF_INET6, host.c_str(), scratch) == 1;
}

} // namespace

struct tls_identity_check::implementation {
    owned<SSL_CTX> context;
    owned<X509> own_certificate; ///< Null where there is none.
};

tls_identity_check::tls_identity_check(const trust& rules)
    : implementation_(std::make_unique<implementation>()) {
    implementation_->context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const context = implementation_->context.get();
    if (context == nullptr)
        throw std::runtime_error("can't set up TLS: " + openssl_text());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, rules.is_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                       accept_own_certificate);
    // A listener's own certificate is trusted without the authority above it.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    if (rules.is_insecure)
        return;
    if (!rules.ca_file.empty()) {
        if (SSL_CTX_load_verify_file(context, rules.ca_file.c_str()) != 1)
            throw std::runtime_error("can't read certificates from " + rules.ca_file + ": " + openssl_text());
    } else {
        SSL_CTX_set_default_verify_paths(context);
    }
    if (!rules.own_certificate_file.empty()) {
        const owned<BIO> file{BIO_new_file(rules.own_certificate_file.c_str(), "r")};
        if (file != nullptr)
            implementation_->own_certificate.reset(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
        if (implementation_->own_certificate != nullptr)
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), implementation_->own_certificate.get());
    }
    ERR_clear_error();
}

tls_identity_check::~tls_identity_check() = default;

/// A connected socket, with TLS on it where the URL asks for it.
struct https_client::connection {
    int socket = -1;
    owned<SSL> tls;
    bool has_answered = false;

    connection() = default;
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    ~connection() {
        if (tls != nullptr && has_answered)
            SSL_shutdown(tls.get());
        if (socket >= 0)
            ::close(socket);
    }

    /// Between two requests nothing is due to come but the news that the server has closed.
    bool is_stale() const {
        char next = 0;
        const ssize_t got = ::recv(socket, &next, 1, MSG_PEEK | MSG_DONTWAIT);
        return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }

    enum class state { fine, closed, reset, silent };

    struct progress {
        state how = state::fine;
        std::size_t bytes = 0;
    };

    /// The state that the last failed call left behind.
    state after_failure(int returned) const {
        const int system_error = errno;
        if (tls == nullptr)
            return returned == 0                                           ? state::closed
                   : system_error == EAGAIN || system_error == EWOULDBLOCK ? state::silent
                                                                           : state::reset;
        const int error = SSL_get_error(tls.get(), returned);
        const bool is_cut_short = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        ERR_clear_error();
        if (error == SSL_ERROR_ZERO_RETURN || (error == SSL_ERROR_SSL && is_cut_short))
            return state::closed;
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? state::silent : state::reset;
    }

    progress read(char* to, std::size_t size) {
        ERR_clear_error();
        errno = 0;
        const int got = tls != nullptr ? SSL_read(tls.get(), to, static_cast<int>(size))
                                       : static_cast<int>(::recv(socket, to, size, 0));
        return got > 0 ? progress{state::fine, static_cast<std::size_t>(got)}
                       : progress{after_failure(got), 0};
    }

    /// Stops at the first failure: what the server said of it is found out by reading.
    void write(std::string_view bytes) {
        constexpr std::size_t piece_max = 1U << 20U;
        while (!bytes.empty()) {
            const std::size_t size = std::min(bytes.size(), piece_max);
            const int put = tls != nullptr
                                ? SSL_write(tls.get(), bytes.data(), static_cast<int>(size))
                                : static_cast<int>(::send(socket, bytes.data(), size, MSG_NOSIGNAL));
            if (put <= 0)
                return;
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
    }

    /// Tries every address of the host in turn.
    std::optional<http_failure> connect(const url& to) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        addrinfo* found = nullptr;
        if (const int failure = getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found))
            return http_failure{http_failure::kind::not_connected,
                                "can't find the host " + to.host + ": " + gai_strerror(failure)};
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses{found, freeaddrinfo};
        int error = 0;
        for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
            socket = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
            if (socket >= 0) {
                const timeval limit{.tv_sec = socket_timeout.count(), .tv_usec = 0};
                const int yes = 1;
                setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
                setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
                setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                if (::connect(socket, each->ai_addr, each->ai_addrlen) == 0)
                    return std::nullopt;
            }
            // A connect that runs into the socket's limit says "in progress".
            error = errno == EINPROGRESS ? ETIMEDOUT : errno;
            if (socket >= 0)
                ::close(std::exchange(socket, -1));
        }
        return http_failure{http_failure::kind::not_connected, "can't connect to " + to.host + " port " +
                                                                   std::to_string(to.port) + ": " +
                                                                   std::strerror(error)};
    }

    std::optional<http_failure> shake_hands(const url& to, SSL_CTX* context, X509* own_certificate) {
        ERR_clear_error();
        tls.reset(SSL_new(context));
        SSL* const session = tls.get();
        if (session == nullptr)
            return http_failure{http_failure::kind::not_trusted, "can't set up TLS: " + openssl_text()};
        SSL_set_ex_data(session, 0, own_certificate);
        if (is_address(to.host)) {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), to.host.c_str());
        } else {
            SSL_set1_host(session, to.host.c_str());
            SSL_set_tlsext_host_name(session, to.host.c_str());
        }
        SSL_set_fd(session, socket);
        errno = 0;
        const int returned = SSL_connect(session);
        if (returned == 1)
            return std::nullopt;
        const long verdict = SSL_get_verify_result(session);
        if (verdict != X509_V_OK && SSL_get_verify_mode(session) != SSL_VERIFY_NONE)
            return http_failure{http_failure::kind::not_trusted,
                                "the certificate of " + authority_of(to) +
                                    " was not accepted: " + X509_verify_cert_error_string(verdict)};
        const int error = SSL_get_error(session, returned);
        if (error == SSL_ERROR_SSL)
            return http_failure{http_failure::kind::not_trusted,
                                "the TLS handshake with " + authority_of(to) + " failed: " + openssl_text()};
        return http_failure{http_failure::kind::no_answer,
                            error == SSL_ERROR_WANT_READ ? "no answer to the TLS handshake within 10 s"
                                                         : "the connection was cut during the TLS handshake"};
    }
};

https_client::https_client(url to, const tls_identity_check& check) : to_(std::move(to)), check_(check) {}

https_client::~https_client() = default;

http_answer https_client::post(std::string_view headers, std::string_view body, bool is_kept) {
    std::string request = "POST " + to_.target + " HTTP/1.1\r\nHost: " + authority_of(to_) +
                          "\r\nContent-Length: " + std::to_string(body.size()) +
                          (is_kept ? "\r\n" : "\r\nConnection: close\r\n");
    request.append(headers).append("\r\n").append(body);

    if (open_ != nullptr && open_->is_stale())
        open_.reset();
    const bool is_reused = open_ != nullptr;
    http_answer answer = exchange(request, is_kept);
    // The server may close an idle connection just as it is used again; nothing was taken then. A reset
    // is not taken for that, as it is what the daemon does about an event that it can't store.
    if (is_reused && answer.status == 0 && !answer.failure)
        answer = exchange(request, is_kept);
    if (answer.status == 0 && !answer.failure)
        return failed(http_failure::kind::no_answer, "the connection was closed without an answer");
    return answer;
}

/// Status 0 and no failure: a clean close before the first byte of an answer.
http_answer https_client::exchange(std::string_view request, bool is_kept) {
    if (open_ == nullptr) {
        auto fresh = std::make_unique<connection>();
        if (auto failure = fresh->connect(to_))
            return {.status = 0, .failure = std::move(failure)};
        const auto& tls = *check_.implementation_;
        if (to_.is_tls) {
            if (auto failure = fresh->shake_hands(to_, tls.context.get(), tls.own_certificate.get()))
                return {.status = 0, .failure = std::move(failure)};
        }
        open_ = std::move(fresh);
    }
    std::unique_ptr<connection> used = std::move(open_);
    // A server that refuses a request may answer before it was sent whole: what it said still counts.
    used->write(request);

    std::string received;
    std::optional<http_answer_head> head;
    while (!head || received.size() < head->bytes + head->body_bytes) {
        char piece[16 * 1024];
        const auto [how, bytes] = used->read(piece, sizeof piece);
        if (how != connection::state::fine && head)
            return {.status = head->status, .failure = std::nullopt};
        if (how == connection::state::closed && received.empty())
            return {};
        if (how == connection::state::reset)
            return failed(http_failure::kind::no_answer, "the connection was reset without an answer");
        if (how == connection::state::silent)
            return failed(http_failure::kind::no_answer, "no answer within 10 s");
        received.append(piece, bytes);
        head = parse_answer_head(received);
        if (!head && (how == connection::state::closed || received.size() > answer_bytes_max))
            return failed(http_failure::kind::no_answer, "what came back is no HTTP answer");
        if (head && !head->is_reusable)
            break; // Its end would have to be waited for; the status is all that is wanted.
        if (received.size() > answer_bytes_max)
            break;
    }
    used->has_answered = true;
    const bool is_whole = received.size() == head->bytes + head->body_bytes;
    if (is_kept && is_whole && head->is_reusable)
        open_ = std::move(used);
    return {.status = head->status, .failure = std::nullopt};
}

} // namespace outreachd::command_line
