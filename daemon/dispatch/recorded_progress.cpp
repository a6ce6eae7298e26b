#include "daemon/dispatch/recorded_progress.hpp"

#include <stdexcept>

namespace outreachd::dispatch {

std::vector<std::string> lane::recorded_progress::results() {
    auto found = lane_.surroundings_.events->step_results(lane_.configured_.name, at_);
    if (!found)
        throw std::runtime_error("the store can't say which steps are done: " + found.error().message());
    done_ = static_cast<std::uint32_t>(found->size());
    return std::move(*found);
}

void lane::recorded_progress::record(std::string result) {
    lane_.record_step(worker_, {at_, lane_.configured_.name, done_, std::move(result)});
    ++done_;
}

/// As with a settlement, a lane that was given up on touches nothing of its surroundings.
void lane::record_step(worker& self, store::step_record what) {
    {
        const std::lock_guard lock(mutex_);
        if (is_abandoned_)
            throw std::runtime_error("the daemon has ended");
        self.phase = phase::closing;
        self.is_committed = false;
    }
    surroundings_.store.record_step(std::move(what), [lane = shared_from_this(), &self] {
        const std::lock_guard lock(lane->mutex_);
        self.is_committed = true;
        self.committed.notify_all();
    });
    std::unique_lock lock(mutex_);
    self.phase = phase::running;
    phase_changed_.notify_all();
    self.committed.wait(lock, [&] { return self.is_committed || is_abandoned_; });
    if (!self.is_committed)
        throw std::runtime_error("the daemon has ended");
}

} // namespace outreachd::dispatch
