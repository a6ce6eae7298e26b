#include "daemon/ingress/connection_registry.hpp"

#include "daemon/ingress/connection.hpp"

#include <algorithm>

namespace outreachd::ingress {
namespace {

/// As many are found by one search, which looks at every connection.
constexpr std::size_t found_max = 64;
/// Between two searches, for each open connection: about ten times what the search takes. A flood of
/// connections at the limit can't make more of them.
constexpr std::chrono::nanoseconds search_pause_each{500};

} // namespace

bool connection_registry::make_room(steady_time now) {
    if (count() < connections_max_)
        return true;
    if (count() >= connections_max_ + connections_ending_max)
        return false;
    const std::shared_ptr<connection> idlest = claim_idlest(now);
    if (idlest)
        idlest->drain();
    return idlest != nullptr;
}

std::shared_ptr<connection> connection_registry::claim_idlest(steady_time now) {
    const std::lock_guard lock(mutex_);
    const bool may_search = now >= next_search_at_;
    for (bool has_searched = false;; has_searched = true) {
        while (!idlest_.empty()) {
            const idle_connection next = std::move(idlest_.back());
            idlest_.pop_back();
            auto living = next.who.lock();
            if (living && living->idle().claim(next.since))
                return living;
        }
        if (has_searched || !may_search)
            return nullptr;
        find_idlest(now);
    }
}

/// The mutex is held.
void connection_registry::find_idlest(steady_time now) {
    for (const auto& [address, one] : open_)
        if (const auto living = one.lock())
            if (const steady_time since = living->idle().since(); since != idle_mark::busy)
                idlest_.push_back({one, since});
    const std::size_t found = std::min(found_max, idlest_.size());
    const auto is_longer = [](const idle_connection& a, const idle_connection& b) {
        return a.since < b.since;
    };
    std::partial_sort(idlest_.begin(), idlest_.begin() + static_cast<std::ptrdiff_t>(found), idlest_.end(),
                      is_longer);
    idlest_.resize(found);
    std::reverse(idlest_.begin(), idlest_.end());
    next_search_at_ = now;
    if (found < found_max)
        next_search_at_ += search_pause_each * static_cast<std::int64_t>(open_.size());
}

bool connection_registry::add(const std::shared_ptr<connection>& opened) {
    const std::lock_guard lock(mutex_);
    if (open_.size() >= connections_max_ + connections_ending_max)
        return false;
    open_.emplace(opened.get(), opened);
    count_.store(open_.size(), std::memory_order_relaxed);
    return true;
}

void connection_registry::remove(const connection* ended) noexcept {
    const std::lock_guard lock(mutex_);
    open_.erase(ended);
    count_.store(open_.size(), std::memory_order_relaxed);
    if (open_.empty())
        none_left_.notify_all();
}

std::vector<std::shared_ptr<connection>> connection_registry::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<connection>> living;
    living.reserve(open_.size());
    for (const auto& [address, one] : open_)
        if (auto alive = one.lock())
            living.push_back(std::move(alive));
    return living;
}

bool connection_registry::wait_until_none(steady_time deadline) {
    std::unique_lock lock(mutex_);
    return none_left_.wait_until(lock, deadline, [this] { return open_.empty(); });
}

} // namespace outreachd::ingress
