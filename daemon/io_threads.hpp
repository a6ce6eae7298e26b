/// The threads that serve connections: one a core, on one context.
#pragma once

#include "daemon/log/logger.hpp"

#include <chrono>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace outreachd {

/// Owns the context and its threads. Main thread only, but for `is_live`.
///
/// One shared context rather than one a thread: no connection is stuck on a busy thread, and a
/// listening socket for each thread would reset what waits in it when it closes. A handler that throws ends
/// neither its thread nor the process: the thread logs it and goes on.
class io_threads {
public:
    /// `log` outlives it. A thread that comes back to its work for `silence_max` no more counts as dead; it
    /// is to be longer than the second after which one without any work comes back.
    explicit io_threads(log::logger& log, std::chrono::milliseconds silence_max = std::chrono::seconds{10});
    ~io_threads();
    io_threads(const io_threads&) = delete;
    io_threads& operator=(const io_threads&) = delete;

    boost::asio::io_context& context() noexcept;
    void start();
    void stop();
    /// Whether each of the threads has shown within `silence_max` that it lives. Any thread.
    bool is_live() const noexcept;

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

} // namespace outreachd
