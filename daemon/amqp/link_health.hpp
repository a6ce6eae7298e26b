/// How a link to the broker does: for the log, `status` and the metrics.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/log/logger.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace outreachd::amqp {

/// Remembers what is wrong, and says so: when it begins, once a minute while it lasts, and when it is over.
/// Thread-safe. The log outlives it.
class link_health {
public:
    using clock = std::function<steady_time()>;

    /// `link` names it in the log: `relay`, `intake`. Another clock is for tests.
    link_health(std::string link, log::logger& log, clock now = std::chrono::steady_clock::now)
        : link_(std::move(link)), log_(log), now_(std::move(now)) {}

    void connected(const std::string& node);
    /// The connection couldn't be made, or broke.
    void lost(const std::string& cause);
    /// Something is wrong while the connection stands. `about` tells one such thing from another: a queue.
    void trouble(const std::string& about, const std::string& cause);
    void mended(const std::string& about);
    /// It lasts: told again where it is time to.
    void remind(const std::string& about);

    bool is_connected() const;
    std::string node() const;
    /// All that is wrong now, in words; none where all is well.
    std::vector<std::string> problems() const;

private:
    struct condition {
        std::string cause;
        std::set<std::string>
            told; ///< Since it began: a cluster's nodes may fail in turns, for reasons of their own.
        std::uint64_t count = 0;
        steady_time next_line;
    };

    void note(condition& what, const std::string& cause, const char* line, std::string_view about);
    void tell(condition& what, const char* line, std::string_view about);

    const std::string link_;
    log::logger& log_;
    const clock now_;
    mutable std::mutex mutex_; ///< Guards all below.
    std::string node_;
    bool is_connected_ = false;
    condition connection_;
    std::map<std::string, condition> troubles_;
};

} // namespace outreachd::amqp
