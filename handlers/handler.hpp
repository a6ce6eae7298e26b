/// The contract between the dispatcher and a handler.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/event/outcome.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace outreachd::handlers {

/// How far a delivery has come: what its steps gave that are done, kept over attempts and restarts until it
/// is done. For the thread that handles the attempt, while it does.
class progress {
public:
    progress() = default;
    virtual ~progress() = default;
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// In order, each as it was recorded. Throws std::runtime_error where they can't be read now.
    virtual std::vector<std::string> results() = 0;
    /// One more. Returns once that would survive a power cut; throws std::runtime_error where the daemon ends
    /// before.
    virtual void record(std::string result) = 0;
};

/// One attempt at one delivery.
struct attempt {
    std::shared_ptr<const event> subject;
    event_id delivery;        ///< Stable over attempts and restarts: a receiver can drop repeats by it.
    std::uint32_t number = 1; ///< Counts from 1.
    steady_time deadline;     ///< `timeout` of the handler, from the attempt's start.
    progress* done_so_far = nullptr; ///< Null where nobody keeps it.
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

    /// No further delivery comes, since the daemon ends or a reload has changed the handler. From `from` on
    /// an attempt in several steps ends between two of them, with `outcome::give_back`. The last call counts.
    /// Doesn't block. Any thread.
    virtual void wind_down([[maybe_unused]] steady_time from) {}

    /// SIGHUP: let go of files so that they can be rotated. Any thread.
    virtual void reopen() {}

    /// The daemon ends and waits no longer for the attempts that run: end at once what would outlive it.
    /// Doesn't block. Any thread.
    virtual void abandon() {}
};

} // namespace outreachd::handlers
