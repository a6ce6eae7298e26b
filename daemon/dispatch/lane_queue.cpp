/// Which delivery of one handler runs next.
#include "daemon/dispatch/lane_queue.hpp"

#include <algorithm>
#include <cassert>

namespace outreachd::dispatch {

lane_queue::lane_queue(bool is_ordered, lane_limits limits) : is_ordered_(is_ordered), limits_(limits) {}

void lane_queue::offer(delivery fresh) {
    // A load may have seen it already: it was committed before it is offered.
    if (is_behind_ || fresh.at <= loaded_up_to_)
        return;
    const bool is_blocked = is_ordered_ && fresh.key != 0 && busy_keys_.contains(fresh.key);
    if (!is_blocked && (ready_.size() >= limits_.runnable_max || retrying_.size() >= limits_.retrying_max)) {
        is_behind_ = true;
        return;
    }
    admit(std::move(fresh), std::nullopt);
}

void lane_queue::load(std::span<const store::unfinished_delivery> found, bool is_all, const clocks& read_at) {
    for (const auto& one : found) {
        if (one.sequence <= loaded_up_to_)
            continue;
        if (not_to_load_.contains(one.sequence)) {
            loaded_up_to_ = one.sequence;
            continue;
        }
        std::optional<steady_time> due;
        if (one.next_attempt_at) {
            const auto pause = std::clamp<std::chrono::microseconds>(
                *one.next_attempt_at - read_at.now_wall, std::chrono::microseconds{0}, read_at.pause_max);
            due = read_at.now + pause;
        }
        admit({one.sequence, one.ordering_key, one.attempts, nullptr, one.replay, one.is_conditional}, due);
    }
    is_behind_ = !is_all;
    if (is_all)
        not_to_load_.clear();
}

void lane_queue::rescan() {
    ready_.clear();
    body_bytes_ = 0;
    retrying_ = {};
    busy_keys_.clear();
    blocked_ = 0;
    histories_.clear();
    not_to_load_.clear();
    for (const auto& [at, key] : taken_) {
        not_to_load_.insert(at);
        if (is_ordered_ && key != 0)
            busy_keys_.try_emplace(key);
    }
    loaded_up_to_ = 0;
    is_behind_ = true;
}

std::size_t lane_queue::wanted() const {
    // Not before half the window is free, so that loads are few and large.
    if (!is_behind_ || ready_.size() > limits_.runnable_max / 2 || retrying_.size() >= limits_.retrying_max)
        return 0;
    return std::min(limits_.runnable_max - ready_.size(), limits_.retrying_max - retrying_.size());
}

std::optional<delivery> lane_queue::take(steady_time now) {
    const bool is_due = !retrying_.empty() && retrying_.top().due <= now;
    // In turns: neither a crowd of failing deliveries nor a flood of new ones keeps the other out.
    if (!ready_.empty() && (!is_due || prefers_ready_)) {
        prefers_ready_ = false;
        delivery next = std::move(ready_.front());
        ready_.pop_front();
        body_bytes_ -= next.subject ? next.subject->body.size() : 0;
        taken_[next.at] = next.key;
        return next;
    }
    if (!is_due)
        return std::nullopt;
    prefers_ready_ = true;
    const waiting next = retrying_.top();
    retrying_.pop();
    taken_[next.at] = next.key;
    return delivery{next.at, next.key, next.attempts, nullptr, next.replay, next.is_conditional};
}

std::optional<steady_time> lane_queue::next_due() const {
    return retrying_.empty() ? std::nullopt : std::optional{retrying_.top().due};
}

bool lane_queue::finish(const delivery& what) {
    taken_.erase(what.at);
    if (!is_ordered_ || what.key == 0)
        return false;
    const auto key = busy_keys_.find(what.key);
    assert(key != busy_keys_.end());
    auto& behind = key->second;
    if (!behind) {
        busy_keys_.erase(key);
        return false;
    }
    std::optional<steady_time> due;
    delivery next = unblock(behind->front(), what.key, due);
    behind->pop_front();
    if (behind->empty())
        behind.reset();
    --blocked_;
    if (due) {
        retry(next, *due);
        return false;
    }
    make_ready(std::move(next));
    return true;
}

delivery lane_queue::unblock(const blocked_one& next, std::uint64_t key, std::optional<steady_time>& due) {
    delivery free{next.at(), key, 0, nullptr, 0, next.is_conditional()};
    if (!next.has_history())
        return free;
    const auto known = histories_.find(free.at);
    free.attempts = known->second.attempts;
    free.replay = known->second.replay;
    due = known->second.due;
    histories_.erase(known);
    return free;
}

void lane_queue::retry(const delivery& what, steady_time due) {
    taken_.erase(what.at);
    // Without its body: that may be a quarter of an hour in memory for nothing.
    retrying_.push({due, what.at, what.key, what.attempts, what.replay, what.is_conditional});
}

void lane_queue::admit(delivery what, std::optional<steady_time> due) {
    loaded_up_to_ = what.at;
    if (is_ordered_ && what.key != 0) {
        const auto [key, is_first] = busy_keys_.try_emplace(what.key);
        if (!is_first) {
            if (!key->second)
                key->second = std::make_unique<std::deque<blocked_one>>();
            const bool has_history = what.attempts != 0 || what.replay != 0 || due;
            key->second->emplace_back(what.at, what.is_conditional, has_history);
            ++blocked_;
            if (has_history)
                histories_[what.at] = {what.attempts, what.replay, due};
            return;
        }
    }
    if (due)
        retry(what, *due);
    else
        make_ready(std::move(what));
}

void lane_queue::make_ready(delivery what) {
    const std::size_t bytes = what.subject ? what.subject->body.size() : 0;
    if (body_bytes_ + bytes > limits_.body_bytes_max)
        what.subject.reset();
    else
        body_bytes_ += bytes;
    ready_.push_back(std::move(what));
}

} // namespace outreachd::dispatch
