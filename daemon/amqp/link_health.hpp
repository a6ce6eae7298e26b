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
/// To connect is not the end of it: what is refused only then, as for want of a permission, breaks each new
/// connection again. It is over once a connection was of use, or has stood for 10 s. Thread-safe. The log
/// outlives it.
class link_health {
public:
    using clock = std::function<steady_time()>;

    /// `link` names it in the log: `relay`, `intake`. Another clock is for tests.
    link_health(std::string link, log::logger& log, clock now = std::chrono::steady_clock::now)
        : link_(std::move(link)), log_(log), now_(std::move(now)) {}

    void connected(const std::string& node);
    /// The connection does what it is for.
    void proved();
    /// The connection couldn't be made, or broke. True where that is a new trouble: it had been of use, or
    /// had stood for 10 s.
    bool lost(const std::string& cause);
    /// Something is wrong while the connection stands. `about` tells one such thing from another: a queue.
    void trouble(const std::string& about, const std::string& cause);
    void mended(const std::string& about);
    /// It lasts: told again where it is time to. With a cause, also where it isn't known yet.
    void remind(const std::string& about, const std::string& cause = {});

    /// False, too, while it may break at once as the one before it did.
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

    bool note(condition& what, const std::string& cause, const char* line, std::string_view about);
    bool has_proved() const;
    bool stands() const;
    void tell(condition& what, const char* line, std::string_view about);

    const std::string link_;
    log::logger& log_;
    const clock now_;
    mutable std::mutex mutex_; ///< Guards all below.
    std::string node_;
    bool is_connected_ = false;
    bool is_proved_ = false;
    bool is_doubtful_ = false;  ///< The connection before it broke and had been of no use.
    bool is_loss_told_ = false; ///< In the log, since it last said that there is a connection.
    steady_time connected_at_;
    condition connection_;
    std::map<std::string, condition> troubles_;
};

} // namespace outreachd::amqp
