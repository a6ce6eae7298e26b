#include "daemon/amqp/resource_turns.hpp"

#include <algorithm>
#include <cassert>

namespace outreachd::amqp {

bool resource_turns::waits(const store::unfinished_delivery& one, std::uint32_t partition) {
    if (one.ordering_key == 0 || !taken_.contains(one.ordering_key))
        return false;
    waiting_.try_emplace({one.ordering_key, one.sequence}, waiting{one, partition});
    return true;
}

void resource_turns::pass(std::uint64_t key) {
    if (!taken_.contains(key))
        return;
    if (first_of(key) != waiting_.end())
        called_.push_back(key);
    else
        taken_.erase(key);
}

std::vector<store::unfinished_delivery> resource_turns::call(std::size_t at_most) {
    std::vector<store::unfinished_delivery> found;
    for (; !called_.empty() && found.size() < at_most; called_.pop_front()) {
        const auto first = first_of(called_.front());
        assert(first != waiting_.end());
        found.push_back(first->second.what);
        waiting_.erase(first);
    }
    return found;
}

void resource_turns::give_back(const store::unfinished_delivery& one, std::uint32_t partition) {
    waiting_.try_emplace({one.ordering_key, one.sequence}, waiting{one, partition});
    called_.push_back(one.ordering_key);
}

std::optional<store::sequence> resource_turns::pass_over(std::uint32_t partition) {
    return drop([partition](const waiting& one) { return one.partition == partition; });
}

void resource_turns::forget_behind(store::sequence at) {
    drop([at](const waiting& one) { return one.what.sequence > at; });
}

std::optional<store::sequence> resource_turns::drop(const std::function<bool(const waiting&)>& is_dropped) {
    std::optional<store::sequence> first;
    std::erase_if(waiting_, [&](const auto& one) {
        if (!is_dropped(one.second))
            return false;
        first = std::min(first.value_or(one.second.what.sequence), one.second.what.sequence);
        return true;
    });
    std::erase_if(called_, [this](std::uint64_t key) {
        const bool has_none = first_of(key) == waiting_.end();
        if (has_none)
            taken_.erase(key);
        return has_none;
    });
    return first;
}

resource_turns::all_waiting::iterator resource_turns::first_of(std::uint64_t key) {
    const auto first = waiting_.lower_bound({key, 0});
    return first != waiting_.end() && first->first.first == key ? first : waiting_.end();
}

void resource_turns::clear() {
    taken_.clear();
    called_.clear();
    waiting_.clear();
}

} // namespace outreachd::amqp
