/// Where the store's writer thread leaves committed events for the feeder.
#include "daemon/dispatch/inbox.hpp"

#include <utility>

namespace outreachd::dispatch {

namespace {

std::size_t body_bytes_of(const store::stored_event& stored) {
    return stored.subject ? stored.subject->body.size() : 0;
}

} // namespace

void inbox::offer(std::span<const store::stored_event> committed) {
    {
        const std::lock_guard lock(mutex_);
        if (is_closed_)
            return;
        if (committed.empty())
            has_gap_ = is_rescan_ = true;
        for (const auto& stored : committed) {
            if (has_gap_)
                break;
            const std::size_t bytes = body_bytes_of(stored);
            if (events_.size() >= limits_.events_max || body_bytes_ + bytes > limits_.body_bytes_max) {
                has_gap_ = true;
                break;
            }
            events_.push_back(stored);
            body_bytes_ += bytes;
        }
    }
    changed_.notify_all();
}

void inbox::nudge() {
    {
        const std::lock_guard lock(mutex_);
        is_nudged_ = true;
    }
    changed_.notify_all();
}

void inbox::close() {
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        events_.clear();
        body_bytes_ = 0;
    }
    changed_.notify_all();
}

bool inbox::is_closed() const {
    const std::lock_guard lock(mutex_);
    return is_closed_;
}

inbox::taken inbox::take(std::size_t limit, bool may_wait) {
    std::unique_lock lock(mutex_);
    if (may_wait)
        changed_.wait(lock, [this] { return is_closed_ || is_nudged_ || has_gap_ || !events_.empty(); });
    is_nudged_ = false;
    taken out;
    while (out.events.size() < limit && !events_.empty()) {
        body_bytes_ -= body_bytes_of(events_.front());
        out.events.push_back(std::move(events_.front()));
        events_.pop_front();
    }
    // A gap is behind all that waited here, so it is told only once nothing waits.
    if (has_gap_ && out.events.empty()) {
        out.has_gap = true;
        out.is_rescan = std::exchange(is_rescan_, false);
        has_gap_ = false;
    }
    return out;
}

bool inbox::pause(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [this] { return is_closed_; });
}

} // namespace outreachd::dispatch
