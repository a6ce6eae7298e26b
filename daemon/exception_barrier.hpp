/// Keeps what the main thread does from ending the daemon by an exception.
#pragma once

#include "daemon/ingress/log_throttle.hpp"
#include "daemon/log/logger.hpp"

#include <exception>

namespace outreachd {

/// For what may fail, for want of memory, say, and leaves the daemon as it was. Main thread. However often it
/// does there is a line a minute at most; whoever tries again waits in between.
class exception_barrier {
public:
    explicit exception_barrier(log::logger& log) : log_(log) {}

    /// True where `what` returned.
    template <typename Action>
    bool run(const Action& what) noexcept {
        try {
            what();
            return true;
        } catch (const std::exception& failed) {
            report(failed.what());
        } catch (...) {
            report("no std::exception");
        }
        return false;
    }

private:
    void report(const char* cause) noexcept;

    log::logger& log_;
    ingress::log_throttle failures_{std::chrono::minutes{1}};
};

} // namespace outreachd
