#include "daemon/amqp/partition_holds.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds hold_pause_min = 500ms;
constexpr std::chrono::milliseconds hold_pause_max = 10s;

std::optional<store::sequence> earlier(std::optional<store::sequence> one,
                                       std::optional<store::sequence> other) {
    if (!one || !other)
        return one ? one : other;
    return std::min(*one, *other);
}

} // namespace

void partition_holds::hold(std::uint32_t partition, store::sequence at, steady_time now) {
    held& one = held_[partition];
    if (at != 0)
        one.first = earlier(one.first, at);
    if (one.pause > 0ms && one.phase == phase::waiting)
        return; // another of those that were on their way
    one.pause = std::clamp(one.pause * 2, hold_pause_min, hold_pause_max);
    one.until = now + one.pause;
    one.phase = phase::waiting;
}

bool partition_holds::may_send(std::uint32_t partition, store::sequence at) {
    const auto known = held_.find(partition);
    if (known == held_.end() || known->second.phase == phase::may_probe)
        return true;
    known->second.first = earlier(known->second.first, at);
    return false;
}

void partition_holds::note_sent(std::uint32_t partition) {
    if (const auto known = held_.find(partition); known != held_.end())
        known->second.phase = phase::probing;
}

bool partition_holds::note_taken(std::uint32_t partition) {
    const auto known = held_.find(partition);
    if (known == held_.end() || known->second.phase != phase::probing)
        return false; // it was on its way when the queue was held
    released_from_ = earlier(released_from_, known->second.first);
    held_.erase(known);
    return true;
}

std::optional<partition_holds::probe>
partition_holds::begin_probe(steady_time now, const std::function<bool(std::uint32_t)>& is_awaited) {
    auto next = held_.end();
    for (auto one = held_.begin(); one != held_.end(); ++one) {
        const auto& [partition, how] = *one;
        if (how.phase == phase::probing)
            return std::nullopt;
        const bool is_due = how.phase == phase::waiting && how.until <= now && !is_awaited(partition);
        if (is_due && (next == held_.end() || how.until < next->second.until))
            next = one;
    }
    if (next == held_.end())
        return std::nullopt;
    next->second.phase = phase::may_probe;
    return probe{next->first, next->second.first}; // kept: behind it more may have been passed over
}

std::optional<store::sequence> partition_holds::first_passed_over() {
    return std::exchange(released_from_, std::nullopt);
}

bool partition_holds::is_probing(std::uint32_t partition) const {
    const auto known = held_.find(partition);
    return known != held_.end() && known->second.phase == phase::probing;
}

void partition_holds::forget_probes() {
    for (auto& [partition, one] : held_)
        if (one.phase == phase::probing)
            one.phase = phase::may_probe;
}

} // namespace outreachd::amqp
