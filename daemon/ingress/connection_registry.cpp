#include "daemon/ingress/connection_registry.hpp"

#include "daemon/ingress/connection.hpp"

#include <algorithm>

namespace outreachd::ingress {
namespace {

/// As many are found by one search, which looks at every connection.
constexpr std::size_t found_max = 64;
/// Beside the pause that is for all: what the dawdling held is free again by the next search.
constexpr std::chrono::milliseconds dawdling_pause{5};
/// Between two searches, for each open connection: about ten times what the search takes. A flood of
/// connections at the limit can't make more of them.
constexpr std::chrono::nanoseconds search_pause_each{500};

} // namespace

connection_registry::connection_registry(std::size_t connections_max)
    : connections_max_(connections_max), idle_{&connection::idle, {}}, dawdling_{&connection::dawdling,
                                                                                 dawdling_pause},
      dawdling_large_{&connection::dawdling, dawdling_pause, &connection::would_give_large} {}

bool connection_registry::make_room(steady_time now) {
    if (count() < connections_max_)
        return true;
    if (count() >= connections_max_ + connections_ending_max)
        return false;
    const claimed_connection idlest = claim_longest(idle_, now, now);
    if (idlest.who)
        idlest.who->drain();
    return idlest.who != nullptr;
}

void connection_registry::reset_dawdling(steady_time now, std::uint64_t bytes, bool only_large) {
    ranking& among = only_large ? dawdling_large_ : dawdling_;
    while (bytes > 0) {
        const claimed_connection slowest = claim_longest(among, now, now - dawdling_min);
        if (!slowest.who)
            return;
        bytes -= std::min(bytes, slowest.who->would_give());
        slowest.who->give_way(slowest.since);
    }
}

connection_registry::claimed_connection connection_registry::claim_longest(ranking& among, steady_time now,
                                                                           steady_time since_max) {
    const std::lock_guard lock(mutex_);
    const bool may_search = now >= among.next_search_at;
    for (bool has_searched = false;; has_searched = true) {
        while (!among.longest.empty()) {
            const marked_connection next = std::move(among.longest.back());
            among.longest.pop_back();
            auto living = next.who.lock();
            if (living && (living.get()->*among.mark)().claim(next.since))
                return {std::move(living), next.since};
        }
        if (has_searched || !may_search)
            return {};
        find_longest(among, now, since_max);
    }
}

/// The mutex is held.
void connection_registry::find_longest(ranking& among, steady_time now, steady_time since_max) {
    std::vector<marked_connection>& longest = among.longest;
    for (const auto& [address, one] : open_)
        if (const auto living = one.lock();
            living && (among.is_among == nullptr || (living.get()->*among.is_among)()))
            if (const steady_time since = (living.get()->*among.mark)().since(); since <= since_max)
                longest.push_back({one, since});
    const std::size_t found = std::min(found_max, longest.size());
    const auto is_longer = [](const marked_connection& a, const marked_connection& b) {
        return a.since < b.since;
    };
    std::partial_sort(longest.begin(), longest.begin() + static_cast<std::ptrdiff_t>(found), longest.end(),
                      is_longer);
    longest.resize(found);
    std::reverse(longest.begin(), longest.end());
    among.next_search_at = now + among.search_pause_min;
    if (found < found_max)
        among.next_search_at += search_pause_each * static_cast<std::int64_t>(open_.size());
}

bool connection_registry::add(const std::shared_ptr<connection>& opened) {
    const std::lock_guard lock(mutex_);
    if (is_closed_ || open_.size() >= connections_max_ + connections_ending_max)
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

void connection_registry::close() noexcept {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
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
