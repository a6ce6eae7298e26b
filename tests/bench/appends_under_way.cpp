#include "tests/bench/appends_under_way.hpp"

#include <stdexcept>

namespace outreachd::bench {

void appends_under_way::enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ < most_; });
    ++count_;
}

void appends_under_way::leave(error_code ec) {
    const std::lock_guard lock(mutex_);
    if (ec)
        failure_ = ec;
    // Not for each: a waiting thread would be woken for one place.
    if (--count_ == 0 || count_ == most_ / 2)
        changed_.notify_all();
}

void appends_under_way::wait_for_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ == 0; });
    if (failure_)
        throw std::runtime_error("an event can't be stored: " + failure_.message());
}

} // namespace outreachd::bench
