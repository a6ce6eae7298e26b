#include "tests/unit/ingress/test_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace outreachd::ingress {
namespace {

/// Longer than anything the server may take.
constexpr timeval patience{8, 0};

int version_of(client_kind kind) {
    if (kind == client_kind::tls_1_1)
        return TLS1_1_VERSION;
    return kind == client_kind::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

} // namespace

test_client::test_client(std::uint16_t port, client_kind kind, ssl_session_st* resumed)
    : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)), context_(nullptr, &SSL_CTX_free),
      tls_(nullptr, &SSL_free) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    is_connected_ = ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (kind == client_kind::plain || !is_connected_)
        return;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), version_of(kind));
    SSL_CTX_set_max_proto_version(context_.get(), version_of(kind));
    if (kind == client_kind::tls_1_3_retried)
        SSL_CTX_set1_groups_list(context_.get(), "P-521:X25519");
    tls_.reset(SSL_new(context_.get()));
    constexpr std::array<unsigned char, 12> offered{2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_set_alpn_protos(tls_.get(), offered.data(), offered.size());
    SSL_set_fd(tls_.get(), descriptor_);
    if (resumed != nullptr)
        SSL_set_session(tls_.get(), resumed);
    is_connected_ = SSL_connect(tls_.get()) == 1;
    if (!is_connected_)
        ending_ = ending::failed;
}

test_client::~test_client() {
    // OpenSSL takes a session that wasn't ended properly as spoilt, and doesn't resume it.
    if (tls_ && ending_ == ending::none && is_connected_)
        SSL_shutdown(tls_.get());
    ::close(descriptor_);
}

bool test_client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                 : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

bool test_client::send_raw(std::string_view bytes) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

void test_client::end_sending() {
    if (tls_)
        SSL_shutdown(tls_.get());
    ::shutdown(descriptor_, SHUT_WR);
}

bool test_client::update_keys(int times) {
    for (int i = 0; i < times; ++i)
        if (SSL_key_update(tls_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
            SSL_do_handshake(tls_.get()) != 1)
            return false;
    return true;
}

std::string test_client::receive_response() {
    std::string response;
    for (char one = 0; !response.ends_with("\r\n\r\n") && read(&one, 1) == 1;)
        response += one;
    return response;
}

std::string test_client::receive(std::size_t bytes) {
    std::string all(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
        const std::size_t more = read(all.data() + got, bytes - got);
        if (more == 0)
            break;
        got += more;
    }
    all.resize(got);
    return all;
}

ending test_client::wait_for_end() {
    std::vector<char> unwanted(64 * 1024);
    while (ending_ == ending::none && read(unwanted.data(), unwanted.size()) > 0) {
    }
    return ending_;
}

ending test_client::wait_for_end(std::chrono::milliseconds at_most) {
    pollfd watched{descriptor_, POLLIN, 0};
    return ::poll(&watched, 1, static_cast<int>(at_most.count())) > 0 ? wait_for_end() : ending_;
}

bool test_client::is_resumed() const {
    return SSL_session_reused(tls_.get()) == 1;
}

std::string test_client::alpn() const {
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(tls_.get(), &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
}

test_client::session test_client::take_session() {
    return {SSL_get1_session(tls_.get()), &SSL_SESSION_free};
}

std::size_t test_client::read(char* into, std::size_t size) {
    ERR_clear_error();
    errno = 0;
    const ssize_t got =
        tls_ ? SSL_read(tls_.get(), into, static_cast<int>(std::min<std::size_t>(size, 1 << 20)))
             : ::recv(descriptor_, into, size, 0);
    if (got > 0)
        return static_cast<std::size_t>(got);
    const int cause = errno;
    const int tls_cause = tls_ ? SSL_get_error(tls_.get(), static_cast<int>(got)) : SSL_ERROR_NONE;
    if (cause == ECONNRESET)
        ending_ = ending::reset;
    else if (cause == EAGAIN || tls_cause == SSL_ERROR_WANT_READ)
        ending_ = ending::none;
    else if (!tls_ || tls_cause == SSL_ERROR_ZERO_RETURN)
        ending_ = ending::closed;
    else if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        ending_ = ending::cut;
    else
        ending_ = ending::failed;
    return 0;
}

} // namespace outreachd::ingress
