/// Blocking sockets, since tests are few and short.
#include "tests/servers/scripted_server.hpp"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::test_servers {

namespace {

struct bound_socket {
    int number = -1;
    std::uint16_t port = 0;
};

bound_socket bind_loopback() {
    bound_socket made{.number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(made.number, generic, size) != 0 || getsockname(made.number, generic, &size) != 0)
        throw std::runtime_error("the test server can't bind to 127.0.0.1");
    made.port = ntohs(address.sin_port);
    return made;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return text;
}

/// `head` ends with the line break of its last field.
recorded_request parse_head(const std::string& head) {
    recorded_request parsed;
    parsed.head = head;
    std::size_t at = head.find("\r\n");
    parsed.line = head.substr(0, at);
    for (at += 2; at < head.size();) {
        const std::size_t end = head.find("\r\n", at);
        const std::string field = head.substr(at, end - at);
        const std::size_t colon = field.find(": ");
        parsed.headers[lower(field.substr(0, colon))] = field.substr(colon + 2);
        at = end + 2;
    }
    return parsed;
}

} // namespace

scripted_answer http_status(int status, const std::string& body) {
    return {.bytes = "HTTP/1.1 " + std::to_string(status) +
                     " Scripted\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
}

scripted_answer http_ok(const std::string& body) {
    return http_status(200, body);
}

struct scripted_server::tls_context {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};

    explicit tls_context(const certificate_pair& pair) {
        const auto bio_of = [](const std::string& text) {
            return std::unique_ptr<BIO, decltype(&BIO_free)>{
                BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
        };
        const std::unique_ptr<X509, decltype(&X509_free)> certificate{
            PEM_read_bio_X509(bio_of(pair.certificate).get(), nullptr, nullptr, nullptr), X509_free};
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
            PEM_read_bio_PrivateKey(bio_of(pair.private_key).get(), nullptr, nullptr, nullptr),
            EVP_PKEY_free};
        SSL_CTX_use_certificate(context.get(), certificate.get());
        SSL_CTX_use_PrivateKey(context.get(), key.get());
    }
};

class scripted_server::connection {
public:
    connection(int socket, tls_context* tls) : socket_(socket) {
        if (tls != nullptr) {
            tls_.reset(SSL_new(tls->context.get()));
            SSL_set_fd(tls_.get(), socket);
            is_open_ = SSL_accept(tls_.get()) == 1;
        }
    }

    ~connection() { ::close(socket_); }

    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// Nothing where the client has gone.
    std::optional<recorded_request> read_request() {
        std::size_t end = received_.find("\r\n\r\n");
        while (end == std::string::npos) {
            if (!read_more())
                return std::nullopt;
            end = received_.find("\r\n\r\n");
        }
        recorded_request request = parse_head(received_.substr(0, end + 2));
        received_.erase(0, end + 4);
        const auto length = request.headers.find("content-length");
        const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
        while (received_.size() < size) {
            if (!read_more())
                return std::nullopt;
        }
        request.body = received_.substr(0, size);
        received_.erase(0, size);
        return request;
    }

    void write(const std::string& bytes) {
        if (tls_ != nullptr && !bytes.empty())
            SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
        else
            ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }

    void close_cleanly() {
        if (tls_ != nullptr)
            SSL_shutdown(tls_.get());
    }

    /// Closing then sends RST.
    void reset() const {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

private:
    bool read_more() {
        char piece[4096];
        if (!is_open_)
            return false;
        const int got = tls_ != nullptr ? SSL_read(tls_.get(), piece, sizeof piece)
                                        : static_cast<int>(::recv(socket_, piece, sizeof piece, 0));
        if (got > 0)
            received_.append(piece, static_cast<std::size_t>(got));
        return got > 0;
    }

    int socket_;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, SSL_free};
    std::string received_;
    bool is_open_ = true;
};

scripted_server::scripted_server(script answer, const std::optional<certificate_pair>& tls)
    : answer_(std::move(answer)) {
    if (tls)
        tls_ = std::make_unique<tls_context>(*tls);
    const bound_socket made = bind_loopback();
    listening_ = made.number;
    port_ = made.port;
    if (listen(listening_, 64) != 0)
        throw std::runtime_error("the test server can't listen");
    accepting_ = std::thread{[this] { accept_all(); }};
}

scripted_server::~scripted_server() {
    shutdown(listening_, SHUT_RDWR);
    accepting_.join();
    for (std::thread& each : serving_)
        each.join();
    ::close(listening_);
}

std::vector<recorded_request> scripted_server::requests() const {
    const std::scoped_lock lock{guard_};
    return requests_;
}

std::size_t scripted_server::connections() const {
    const std::scoped_lock lock{guard_};
    return connections_;
}

void scripted_server::accept_all() {
    while (true) {
        const int socket = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0)
            return;
        const std::scoped_lock lock{guard_};
        serving_.emplace_back([this, socket, number = connections_++] { serve(socket, number); });
    }
}

void scripted_server::wait_until_closed(std::size_t count) const {
    std::unique_lock lock{guard_};
    changed_.wait(lock, [&] { return closed_ >= count; });
}

void scripted_server::serve(int socket, std::size_t number) {
    converse(socket, number);
    const std::scoped_lock lock{guard_};
    ++closed_;
    changed_.notify_all();
}

void scripted_server::converse(int socket, std::size_t number) {
    connection client{socket, tls_.get()};
    while (auto request = client.read_request()) {
        request->connection = number;
        const scripted_answer answer = answer_(*request);
        {
            const std::scoped_lock lock{guard_};
            requests_.push_back(*request);
        }
        if (answer.is_reset) {
            client.reset();
            return;
        }
        client.write(answer.bytes);
        if (answer.is_last) {
            client.close_cleanly();
            return;
        }
    }
}

std::uint16_t unused_port() {
    const bound_socket made = bind_loopback();
    ::close(made.number);
    return made.port;
}

} // namespace outreachd::test_servers
