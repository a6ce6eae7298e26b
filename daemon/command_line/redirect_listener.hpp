/// Where a browser comes back to after a login: a port of this machine's loopback.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::command_line {

/// A few connections at a time, each with one request of 16 KiB and ten seconds: a browser opens some that it
/// never uses. Reads requests and no more; what they are worth is the caller's to judge. One thread.
class redirect_listener {
public:
    struct opening {
        std::unique_ptr<redirect_listener> listener;
        std::string problem; ///< Why there is none.
    };

    /// `host`: a loopback address, or `localhost`, which is both of them. Port 0: a free one.
    static opening open(const std::string& host, std::uint16_t port);

    ~redirect_listener();
    redirect_listener(const redirect_listener&) = delete;
    redirect_listener& operator=(const redirect_listener&) = delete;

    std::uint16_t port() const noexcept { return port_; }

    struct arrival {
        enum class kind {
            request,
            input,   ///< `beside` can be read.
            nothing, ///< Until the deadline, or until it was interrupted.
        };

        kind what = kind::nothing;
        std::string target{}; ///< Of the request, a GET: path and query.
    };

    /// Blocks until one of these. `beside`: a descriptor, or -1.
    arrival wait(steady_time deadline, int beside = -1);

    /// Answers the request that came last, with a page of one sentence, and closes its connection.
    void answer(int status, std::string_view sentence);

private:
    struct connection;

    redirect_listener() = default;

    std::string listen_on(const std::string& address, std::uint16_t port);
    void accept_from(int listening);
    bool read_from(connection& one, arrival& into);
    void close_old();

    std::uint16_t port_ = 0;
    std::vector<int> listening_;
    std::vector<connection> connections_;
    int answering_ = -1;
};

} // namespace outreachd::command_line
