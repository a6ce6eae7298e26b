/// A small HTTP(S) server that answers as a test tells it to, and remembers what it was asked.
#pragma once

#include "tests/servers/test_certificate.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace outreachd::test_servers {

struct recorded_request {
    std::string line;                           ///< `POST /webhooks HTTP/1.1`
    std::string head;                           ///< All of it, as it came, up to the empty line.
    std::map<std::string, std::string> headers; ///< Names in lower case.
    std::string body;
    std::size_t connection = 0; ///< Which one it came on, from 0.
};

/// What the server does about a request.
struct scripted_answer {
    std::string bytes{};   ///< The whole answer, head and body.
    bool is_last = false;  ///< Close the connection behind it.
    bool is_reset = false; ///< Reset the connection instead.
};

scripted_answer http_ok(const std::string& body = {});
scripted_answer http_status(int status, const std::string& body = {});

/// Listens on 127.0.0.1 at a port of its own; a thread for each connection. The destructor waits for
/// all of them, so clients must be gone before.
class scripted_server {
public:
    using script = std::function<scripted_answer(const recorded_request&)>;

    /// Plain HTTP without `tls`.
    explicit scripted_server(script answer, const std::optional<certificate_pair>& tls = std::nullopt);
    ~scripted_server();
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    std::vector<recorded_request> requests() const;
    std::size_t connections() const;

    /// Blocks until the server has closed that many connections.
    void wait_until_closed(std::size_t count) const;

private:
    class connection;
    struct tls_context;

    void accept_all();
    void serve(int socket, std::size_t number);
    void converse(int socket, std::size_t number);

    script answer_;
    std::unique_ptr<tls_context> tls_;
    int listening_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex guard_; ///< Of the five below.
    mutable std::condition_variable changed_;
    std::size_t closed_ = 0;
    std::vector<recorded_request> requests_;
    std::vector<std::thread> serving_;
    std::size_t connections_ = 0;
    std::thread accepting_;
};

/// A port of 127.0.0.1 that nothing listens on.
std::uint16_t unused_port();

} // namespace outreachd::test_servers
