#include "daemon/thread/wakeable_thread.hpp"

#include <utility>

namespace outreachd {

void wakeable_thread::make_ready(std::function<void()> run) {
    if (thread_.joinable())
        return;
    thread_ = std::thread([this, run = std::move(run)] {
        if (wait_for_start())
            run();
        const std::lock_guard lock(mutex_);
        has_ended_ = true;
        changed_.notify_all();
    });
}

void wakeable_thread::start() {
    const std::lock_guard lock(mutex_);
    is_started_ = true;
    changed_.notify_all();
}

void wakeable_thread::start(std::function<void()> run) {
    make_ready(std::move(run));
    start();
}

/// False: it is stopped before.
bool wakeable_thread::wait_for_start() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_started_ || is_stopping_; });
    return is_started_;
}

void wakeable_thread::begin_stop() {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
}

bool wakeable_thread::finish_stop(steady_time until) {
    if (!thread_.joinable())
        return true;
    begin_stop();
    std::unique_lock lock(mutex_);
    const bool is_over = changed_.wait_until(lock, until, [this] { return has_ended_; });
    lock.unlock();
    if (is_over)
        thread_.join();
    return is_over;
}

void wakeable_thread::leave_behind() {
    if (thread_.joinable())
        thread_.detach();
}

void wakeable_thread::wake() {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    changed_.notify_all();
}

bool wakeable_thread::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
}

bool wakeable_thread::sleep(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return is_woken_ || is_stopping_; });
    return std::exchange(is_woken_, false);
}

bool wakeable_thread::take_wake() {
    const std::lock_guard lock(mutex_);
    return std::exchange(is_woken_, false);
}

bool wakeable_thread::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [this] { return is_stopping_; });
}

} // namespace outreachd
