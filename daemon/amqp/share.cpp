#include "daemon/amqp/share.hpp"

#include <algorithm>

namespace outreachd::amqp {

std::uint32_t share_at_most(std::uint32_t partitions, std::uint32_t workers) noexcept {
    return (partitions + std::max(workers, 1U) - 1) / std::max(workers, 1U);
}

std::uint32_t share_at_least(std::uint32_t partitions, std::uint32_t workers) noexcept {
    return partitions / std::max(workers, 1U);
}

share_step share::next(const share_view& seen, double chance) {
    share_step step;
    step.is_wanting = was_wanting_;
    if (seen.workers == 0) // a quorum queue between two leaders knows no consumers
        return step;
    const std::uint32_t least = share_at_least(seen.partitions, seen.workers);
    const std::uint32_t most = share_at_most(seen.partitions, seen.workers);
    const auto held = static_cast<std::uint32_t>(seen.held.size());
    const bool others_want = seen.wanting > (was_wanting_ ? 1U : 0U);

    // More than its share is given to those that want, and in time to those that have room.
    looks_with_surplus_ = held > most ? looks_with_surplus_ + 1 : 0;
    looks_to_keep_ -= looks_to_keep_ > 0 ? 1 : 0;
    const bool is_surplus_due = looks_with_surplus_ >= surplus_looks && looks_to_keep_ == 0;
    std::uint32_t surplus = held > most && (others_want || is_surplus_due) ? held - most : 0;
    if (surplus == 0 && held > least && others_want && chance < 0.5)
        surplus = 1;
    step.give.assign(seen.held.rbegin(), std::next(seen.held.rbegin(), surplus));

    looks_with_leftover_ = seen.free.empty() ? 0 : looks_with_leftover_ + 1;
    std::size_t wanted = held < least ? least - held : 0;
    if (wanted == 0 && !others_want &&
        looks_with_leftover_ >= (held < most ? leftover_looks : abandoned_looks)) {
        wanted = 1;
        if (held >= most) // some that are counted don't take it
            looks_to_keep_ = keep_looks;
    }
    // From a place of its own in the list, so that two that begin together seldom want the same.
    const std::size_t begin = static_cast<std::size_t>(chance * static_cast<double>(seen.free.size()));
    for (std::size_t i = 0; i < std::min(wanted, seen.free.size()); ++i)
        step.take.push_back(seen.free[(begin + i) % seen.free.size()]);
    step.is_wanting = held + step.take.size() < least;
    was_wanting_ = step.is_wanting;
    return step;
}

} // namespace outreachd::amqp
