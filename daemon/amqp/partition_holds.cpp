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
    if (at != 0) {
        one.first = earlier(one.first, at);
        one.has_refused = true;
    }
    if (one.pause > 0ms && one.phase == phase::waiting)
        return; // another of those that were on their way
    one.pause = std::clamp(one.pause * 2, hold_pause_min, hold_pause_max);
    one.until = now + one.pause;
    one.phase = phase::waiting;
}

bool partition_holds::may_send(std::uint32_t partition, store::sequence at) {
    const auto known = held_.find(partition);
    if (known == held_.end() || (known->second.phase == phase::may_probe && !known->second.first))
        return true;
    known->second.first = earlier(known->second.first, at);
    return false;
}

void partition_holds::note_sent(std::uint32_t partition, store::sequence at) {
    const auto known = held_.find(partition);
    if (known == held_.end())
        return;
    known->second.phase = phase::probing;
    known->second.first = earlier(known->second.first, at);
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
partition_holds::begin_probe(steady_time now, const std::function<bool(const probe&)>& may_try) {
    if (released_from_)
        return std::nullopt;
    std::optional<probe> next;
    for (const auto& [partition, how] : held_) {
        if (how.phase == phase::probing || how.wants_probe())
            return std::nullopt;
        const probe one{partition, how.first, how.has_refused};
        const bool is_due = how.phase == phase::waiting && how.until <= now;
        if (is_due && (!next || how.until < held_.at(next->partition).until) && may_try(one))
            next = one;
    }
    if (next)
        held_.at(next->partition).phase = phase::may_probe;
    return next;
}

std::optional<partition_holds::probe> partition_holds::wanted_probe() const {
    for (const auto& [partition, how] : held_)
        if (how.wants_probe())
            return probe{partition, how.first, how.has_refused};
    return std::nullopt;
}

void partition_holds::postpone_probe(std::uint32_t partition, steady_time now) {
    const auto known = held_.find(partition);
    if (known == held_.end() || !known->second.wants_probe())
        return;
    known->second.phase = phase::waiting;
    known->second.until = now + known->second.pause;
}

void partition_holds::call_off_probe(std::uint32_t partition) {
    if (const auto known = held_.find(partition); known != held_.end() && known->second.wants_probe())
        known->second.phase = phase::waiting;
}

void partition_holds::note_none_left(std::uint32_t partition) {
    if (const auto known = held_.find(partition); known != held_.end())
        known->second.first.reset();
}

std::optional<store::sequence> partition_holds::first_passed_over() {
    return std::exchange(released_from_, std::nullopt);
}

void partition_holds::forget_passed_over() {
    released_from_.reset();
    for (auto& [partition, one] : held_) {
        one.first.reset();
        if (one.phase == phase::may_probe)
            one.phase = phase::waiting;
    }
}

bool partition_holds::is_probing(std::uint32_t partition) const {
    const auto known = held_.find(partition);
    return known != held_.end() && known->second.phase == phase::probing;
}

void partition_holds::forget_probes() {
    for (auto& [partition, one] : held_)
        one.phase = phase::waiting;
}

} // namespace outreachd::amqp
