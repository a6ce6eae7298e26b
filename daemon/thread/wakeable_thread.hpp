/// A thread that sleeps most of its time, and may hang where nobody can reach it.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace outreachd {

/// A part of what the thread works on, which is made shared and which `run` keeps alive: where the thread is
/// left behind it touches nothing else. Started and stopped by one thread; the rest is for any.
class wakeable_thread {
public:
    /// Makes the thread, which waits for `start`; a second call does nothing. Throws std::system_error where
    /// there is none to be had. `run` returns once `is_stopping`, and doesn't throw; a thread that is stopped
    /// before `start` never calls it.
    void make_ready(std::function<void()> run);
    /// Lets it run. Doesn't fail.
    void start();
    /// Both.
    void start(std::function<void()> run);
    /// Asks for the end. Doesn't block.
    void begin_stop();
    /// Asks for it, and waits. False: it hangs, and may be waited for again, or be left behind.
    bool finish_stop(steady_time until);
    void leave_behind();

    /// Ends `sleep`, this one or the next.
    void wake();

    bool is_stopping() const;
    /// Waits for `wake` or the stop, at most so long. True where there was a `wake` since the last time.
    bool sleep(std::chrono::milliseconds at_most);
    /// As `sleep`, without waiting.
    bool take_wake();
    /// Waits so long, whatever wakes. False: there is to be an end of it.
    bool pause(std::chrono::milliseconds time);

private:
    bool wait_for_start();

    std::thread thread_;
    mutable std::mutex mutex_; ///< Guards all below.
    std::condition_variable changed_;
    bool is_started_ = false;
    bool is_stopping_ = false;
    bool is_woken_ = false;
    bool has_ended_ = false;
};

} // namespace outreachd
