/// So many requests in an hour (contract section 8).
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/sandbox/message.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace outreachd::sandbox {

/// Windows that begin with an account's first request. One thread.
class rate_limit {
public:
    rate_limit(std::uint64_t limit, std::chrono::milliseconds length) : limit_(limit), length_(length) {}

    /// Counts a request, or refuses it, which doesn't count. Contract 8.4 doesn't know whether it does.
    std::optional<response> take(const std::string& account, wall_time now);

    /// Puts the three headers on, and `Retry-After` where the answer is a 429. Contract 8.3: the reset is a
    /// second since 1970, and `Retry-After` is the same.
    void add_headers(response& to, const std::string& account, wall_time now);

    /// What is left to everybody, until the window ends in `reset_in`.
    void set_remaining(std::uint64_t remaining, std::chrono::milliseconds reset_in, wall_time now);

private:
    struct window {
        std::uint64_t remaining = 0;
        wall_time end{};
    };

    window& window_of(const std::string& account, wall_time now);

    std::uint64_t limit_;
    std::chrono::milliseconds length_;
    std::map<std::string, window> windows_;
    std::optional<window> told_; ///< For accounts that haven't asked yet.
};

} // namespace outreachd::sandbox
