#include "daemon/amqp/link_thread.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds pause_min = 200ms;
constexpr std::chrono::milliseconds pause_max = 10s;
/// What a call that hangs is given at the stop, to fail once its socket is shut down.
constexpr std::chrono::milliseconds last_word = 1s;

} // namespace

link_thread::link_thread(amqp_connection::options how, link_health& health, work what)
    : how_(std::move(how)), health_(health), work_(std::move(what)), pause_(pause_min) {}

void link_thread::start() {
    thread_ = std::thread([self = shared_from_this()] {
        self->run();
        const std::lock_guard lock(self->mutex_);
        self->has_ended_ = true;
        self->changed_.notify_all();
    });
}

void link_thread::begin_stop() {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
}

bool link_thread::finish_stop(steady_time until) {
    if (!thread_.joinable())
        return true;
    begin_stop();
    std::unique_lock lock(mutex_);
    const auto has_ended = [this] { return has_ended_; };
    if (!changed_.wait_until(lock, until - last_word, has_ended)) {
        lock.unlock();
        watchdog_.end_all();
        lock.lock();
        changed_.wait_until(lock, until, has_ended);
    }
    const bool is_over = has_ended_;
    lock.unlock();
    if (is_over)
        thread_.join();
    else
        thread_.detach();
    return is_over;
}

void link_thread::wake() {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    changed_.notify_all();
}

bool link_thread::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
}

bool link_thread::sleep(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return is_woken_ || is_stopping_; });
    return std::exchange(is_woken_, false);
}

bool link_thread::take_wake() {
    const std::lock_guard lock(mutex_);
    return std::exchange(is_woken_, false);
}

void link_thread::note_success(const amqp_connection::connection& at) {
    pause_ = pause_min;
    health_.connected(at.node());
}

void link_thread::run() {
    while (!is_stopping()) {
        run_once();
        if (is_stopping())
            return;
        const auto until = std::chrono::steady_clock::now() + next_pause();
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, until, [this] { return is_stopping_; });
    }
}

void link_thread::run_once() {
    try {
        amqp_connection::options how = how_;
        how.first_node = first_node_;
        amqp_connection::connection made(how, watchdog_);
        if (is_stopping())
            return;
        first_node_ = made.node_index();
        work_(made);
    } catch (const std::exception& failure) { // also want of memory, for a message that is too large
        if (is_stopping())
            return;
        ++first_node_; // another one may do better
        health_.lost(failure.what());
    }
}

/// With jitter, so that a cluster that comes back isn't met by all at once.
std::chrono::milliseconds link_thread::next_pause() {
    const double share = std::uniform_real_distribution<double>(0.5, 1)(random_);
    const auto pause = std::chrono::milliseconds{
        static_cast<std::chrono::milliseconds::rep>(static_cast<double>(pause_.count()) * share)};
    pause_ = std::min(pause_ * 2, pause_max);
    return pause;
}

} // namespace outreachd::amqp
