#include "daemon/amqp_connection/watchdog.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outreachd::amqp_connection {

watchdog::watchdog() : thread_([this] { watch(); }) {}

watchdog::~watchdog() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void watchdog::end_all() {
    const std::lock_guard lock(mutex_);
    is_ending_all_ = true;
    for (entry& one : entries_)
        end(one);
}

void watchdog::end(entry& one) {
    one.is_ended = true;
    if (one.descriptor >= 0)
        ::shutdown(one.descriptor, SHUT_RDWR);
}

void watchdog::watch() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        const steady_time now = std::chrono::steady_clock::now();
        wakes_at_ = steady_time::max();
        for (entry& one : entries_) {
            if (one.is_ended)
                continue;
            if (one.deadline <= now) {
                one.is_late = true;
                end(one);
            } else {
                wakes_at_ = std::min(wakes_at_, one.deadline);
            }
        }
        if (wakes_at_ == steady_time::max())
            changed_.wait(lock);
        else
            changed_.wait_until(lock, wakes_at_);
    }
}

watched_socket::watched_socket(watchdog& by) : by_(by) {
    const std::lock_guard lock(by_.mutex_);
    at_ = by_.entries_.emplace(by_.entries_.end());
    at_->is_ended = by_.is_ending_all_;
}

watched_socket::~watched_socket() {
    const std::lock_guard lock(by_.mutex_);
    if (at_->descriptor >= 0)
        ::close(at_->descriptor);
    by_.entries_.erase(at_);
}

bool watched_socket::use(int descriptor) {
    const int own = descriptor < 0 ? -1 : ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    const std::lock_guard lock(by_.mutex_);
    if (at_->descriptor >= 0)
        ::close(at_->descriptor);
    at_->descriptor = own;
    if (at_->is_ended)
        watchdog::end(*at_);
    return own >= 0 || descriptor < 0;
}

void watched_socket::expect_by(steady_time deadline) {
    const std::lock_guard lock(by_.mutex_);
    at_->deadline = deadline;
    // A later one is seen when the thread wakes for the one that it knows of: most calls wake nobody.
    if (deadline < by_.wakes_at_) {
        by_.wakes_at_ = deadline;
        by_.changed_.notify_all();
    }
}

bool watched_socket::is_ended() const {
    const std::lock_guard lock(by_.mutex_);
    return at_->is_ended;
}

bool watched_socket::is_late() const {
    const std::lock_guard lock(by_.mutex_);
    return at_->is_late;
}

int watched_socket::descriptor() const {
    const std::lock_guard lock(by_.mutex_);
    return at_->descriptor;
}

} // namespace outreachd::amqp_connection
