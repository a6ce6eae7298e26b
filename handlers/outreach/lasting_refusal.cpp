#include "handlers/outreach/lasting_refusal.hpp"

#include <chrono>
#include <utility>

namespace outreachd::handlers::outreach {

namespace {

/// An org can let us in again without a word to us.
constexpr std::chrono::minutes recent_max{15};

} // namespace

void lasting_refusal::begin(std::string why, std::optional<wall_time> renewed_at) {
    const std::lock_guard lock(mutex_);
    why_ = std::move(why);
    renewed_at_ = renewed_at;
    is_there_ = true;
}

void lasting_refusal::end() {
    if (!is_there_)
        return;
    const std::lock_guard lock(mutex_);
    why_.clear();
    is_there_ = false;
}

std::string lasting_refusal::why() const {
    const std::lock_guard lock(mutex_);
    return why_;
}

bool lasting_refusal::is_recent(wall_time now) const {
    if (!is_there_)
        return false;
    const std::lock_guard lock(mutex_);
    return is_there_ && renewed_at_ && *renewed_at_ <= now && now < *renewed_at_ + recent_max;
}

} // namespace outreachd::handlers::outreach
