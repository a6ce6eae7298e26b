/// HTTP/1.1 requests by libcurl.
#pragma once

#include "daemon/event/event.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::handlers {

/// How servers are reached and what is taken from them; the same for all requests of a transport.
struct http_rules {
    std::string authorities; ///< PEM: the CAs that are trusted. Empty: the system's.
    /// The proxy's URL, for every host; empty: none. Nothing: as the environment says (`http_proxy`,
    /// `https_proxy`, `all_proxy`, `no_proxy`).
    std::optional<std::string> proxy;
    std::size_t body_bytes_kept = 4096;       ///< Of an answer; the rest is read and dropped.
    std::size_t body_bytes_max = 1024 * 1024; ///< Then the connection is cut, and the status counts.
};

struct http_request {
    std::string method;
    std::string url;             ///< As `read_http_url` takes it.
    std::vector<header> headers; ///< Instead of libcurl's own of those names; without control characters.
    std::optional<std::string_view> body; ///< Nothing: no content, and no Content-Length.
    steady_time deadline;
    /// Whether the server may see it twice: then it is sent anew where a kept connection died under it.
    bool is_repeatable = true;
};

struct http_answer {
    int status = 0;              ///< 0: none came.
    std::vector<header> headers; ///< Of the last head, names in lower case.
    std::string body;            ///< Its first bytes.
    std::string problem;         ///< Why there is no whole answer, in words. Empty: there is.
    bool was_sent = false;       ///< It may have reached the server: a connection stood.
    bool is_too_long = false;    ///< More than `body_bytes_max` came; `body` has the first bytes.

    /// The value of the first of that name, in lower case; empty where there is none.
    std::string_view field(std::string_view name) const noexcept;
};

/// Sends requests, and keeps connections open for the next ones: each thread takes a handle of its own
/// from a pool, and with it that handle's connections, since libcurl's sharing of connections among
/// threads is not to be trusted. TLS is verified, 1.2 at least; no redirect is followed; no cookie,
/// `.netrc` or `Alt-Svc` is heeded. Thread-safe.
///
/// Connections are looked at before they are used again. One that dies under a request is replaced, and the
/// request sent anew (libcurl does that where not a byte of an answer came), so that a server may see it
/// twice, unless it isn't repeatable.
class http_transport {
public:
    explicit http_transport(http_rules rules);
    ~http_transport();
    http_transport(const http_transport&) = delete;
    http_transport& operator=(const http_transport&) = delete;

    /// Blocks up to the deadline. Doesn't throw but for want of memory.
    http_answer send(const http_request& request);

private:
    class connection;

    std::unique_ptr<connection> take();
    void give_back(std::unique_ptr<connection> used);

    const http_rules rules_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<connection>> idle_; ///< Last used, first taken: it is the warmest.
};

} // namespace outreachd::handlers
