/// The contract between the dispatcher and a handler.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/event/outcome.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace outreachd::handlers {

/// One attempt at one delivery.
struct attempt {
    std::shared_ptr<const event> subject;
    event_id delivery;        ///< Stable over attempts and restarts: a receiver can drop repeats by it.
    std::uint32_t number = 1; ///< Counts from 1.
    steady_time deadline;     ///< `timeout` of the handler, from the attempt's start.
};

/// Hands events to one place outside.
///
/// `handle` is called by the handler's own worker threads, `concurrency` of them at once, and may
/// block up to the deadline. It says what became of the attempt and doesn't throw; one that throws
/// all the same counts as `retry`. At least once: an attempt may be repeated after a crash.
class handler {
public:
    handler() = default;
    virtual ~handler() = default;
    handler(const handler&) = delete;
    handler& operator=(const handler&) = delete;

    virtual outcome handle(const attempt& what) = 0;

    /// SIGHUP: let go of files so that they can be rotated. Any thread.
    virtual void reopen() {}

    /// The daemon ends and waits no longer for the attempts that run: end at once what would outlive it.
    /// Doesn't block. Any thread.
    virtual void abandon() {}
};

} // namespace outreachd::handlers
