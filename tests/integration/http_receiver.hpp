/// A server that handlers deliver to, which answers as a test says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace outreachd::tests {

/// A request as it came.
struct received_call {
    std::string method;
    std::string target;
    std::map<std::string, std::string> fields; ///< Names in lower case; of a repeated one the last.
    std::size_t field_count = 0;
    std::string body;
};

/// What the server does with one.
struct reply {
    enum class kind {
        answer,
        half,    ///< The head, and half of the body that it promises.
        nothing, ///< The connection ends without an answer.
        reset,   ///< The same by RST.
    };

    unsigned status = 200;
    std::string body = {};
    std::string fields = {}; ///< Further lines of the head, each with its CRLF.
    std::chrono::milliseconds delay{0};
    kind how = kind::answer;
};

/// Plain HTTP on 127.0.0.1, a thread for each connection, keep-alive. Ends with its owner.
class http_receiver {
public:
    using script = std::function<reply(const received_call&)>;

    /// `play` is called by all threads.
    explicit http_receiver(script play);
    ~http_receiver();
    http_receiver(const http_receiver&) = delete;
    http_receiver& operator=(const http_receiver&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    /// Connections that it still reads from or answers on.
    std::size_t connections() const;

    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }

private:
    void accept_all();
    void serve(int socket);

    const script play_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> is_stopping_ = false;
    mutable std::mutex mutex_; // guards what follows
    std::set<int> sockets_;
    std::vector<std::thread> threads_;
    std::thread accepting_;
};

} // namespace outreachd::tests
