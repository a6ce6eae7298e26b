#include "daemon/amqp/held_queues.hpp"

#include <algorithm>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::amqp_error;
using amqp_connection::trouble;

constexpr std::uint16_t control = 1; // channels
constexpr std::uint16_t looking = 2;
constexpr std::uint16_t first_work_channel = 10;
constexpr std::uint16_t last_work_channel = 2000; // RabbitMQ allows 2047

/// Unacked messages of all queues together, and of each.
constexpr std::uint32_t prefetch_of_all = 512;
constexpr std::uint32_t prefetch_min = 8;
constexpr std::uint32_t prefetch_max = 128;
constexpr auto look_pause = 500ms;
constexpr auto search_pause = 60s;
constexpr auto place_pause = 5s; // between looks whether a node is back
constexpr std::uint32_t older_queues_max = 1024;
/// Work that a handler doesn't finish soon doesn't hold up the share of another worker.
constexpr auto quiet_wait = 5s;
constexpr auto older_queue_wait = 10s;

} // namespace

held_queues::held_queues(amqp_connection::connection& at, const topology& names, link_health& health,
                         const intake_batches& batches, std::function<bool()> has_unfinished)
    : at_(at), names_(names), health_(health), batches_(batches), has_unfinished_(std::move(has_unfinished)),
      last_channel_(first_work_channel) {
    begin();
}

void held_queues::begin() {
    at_.open_channel(control);
    at_.open_channel(looking);
    declare_and_count();
    const auto unusable = names_.declare(at_, control);
    for (std::uint32_t partition = 0; partition < names_.partitions(); ++partition) {
        const auto reason = unusable.find(partition);
        if (reason != unusable.end())
            health_.trouble(names_.work_queue(partition), reason->second);
        else
            health_.mended(names_.work_queue(partition));
    }
}

/// Again where the node is down that the two queues are on, and until it is back: all count at the same
/// place.
void held_queues::declare_and_count() {
    next_place_look_ = std::chrono::steady_clock::now() + place_pause;
    const std::uint32_t place = names_.declare_for_workers(at_, looking);
    if (place != place_) {
        count_no_more();
        place_ = place;
    }
    const std::string queue = names_.workers_queue(place_);
    if (!is_counted_)
        at_.consume(control, queue, queue);
    is_counted_ = true;
}

void held_queues::count_no_more() {
    if (is_counted_)
        at_.cancel(control, names_.workers_queue(place_));
    is_counted_ = false;
    want(false);
}

bool held_queues::look_around() {
    leave_when_quiet();
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_)
        return false;
    next_look_ = now + look_pause;
    if (now >= next_search_) {
        next_search_ = now + search_pause;
        find_older_queues();
    }
    drain_older_queues();
    if (!is_counted_ || (place_ > 0 && now >= next_place_look_))
        declare_and_count();
    share_out();
    return true;
}

/// Nothing where it isn't there.
std::optional<amqp_connection::queue_state> held_queues::look_at(const std::string& queue) {
    try {
        return at_.look_at_queue(looking, queue);
    } catch (const amqp_error& missing) {
        if (missing.closed_channel() != looking)
            throw;
        at_.open_channel(looking);
        if (missing.kind() != trouble::not_found)
            health_.trouble(queue, missing.what());
        return std::nullopt;
    }
}

void held_queues::share_out() {
    const auto workers = look_at(names_.workers_queue(place_));
    const auto wanting = look_at(names_.wanting_queue(place_));
    if (!workers || !wanting)
        return declare_and_count(); // a consumer of what is gone will be told so
    share_view seen{names_.partitions(), workers->consumers, wanting->consumers, {}, {}};
    for (const auto& [channel, one] : by_channel_)
        if (one.is_consuming && !one.leaving_since && one.partition < names_.partitions())
            seen.held.insert(one.partition);
    if (seen.held.size() < share_at_most(seen.partitions, seen.workers))
        for (std::uint32_t partition = 0; partition < names_.partitions(); ++partition) {
            if (std::ranges::any_of(by_channel_,
                                    [&](const auto& one) { return one.second.partition == partition; }))
                continue;
            const std::string queue = names_.work_queue(partition);
            auto state = look_at(queue);
            if (!state) { // it was deleted
                if (const std::string reason = names_.declare_work_queue(at_, looking, partition);
                    !reason.empty()) {
                    health_.trouble(queue, reason);
                    continue;
                }
                state.emplace();
            }
            health_.mended(queue); // whoever holds it
            if (state->consumers == 0)
                seen.free.push_back(partition);
        }

    const share_step step = share_.next(seen, std::uniform_real_distribution<double>(0, 1)(random_));
    for (const std::uint32_t partition : step.take)
        take(partition);
    const auto now = std::chrono::steady_clock::now();
    for (auto& [channel, one] : by_channel_)
        if (std::ranges::find(step.give, one.partition) != step.give.end())
            one.leaving_since = now;
    want(step.is_wanting);
}

void held_queues::want(bool is_wanting) {
    if (is_wanting == is_wanting_)
        return;
    is_wanting_ = is_wanting;
    const std::string queue = names_.wanting_queue(place_);
    if (is_wanting)
        at_.consume(control, queue, queue);
    else
        at_.cancel(control, queue);
}

/// In turn, so that no ack meant for a channel that was closed reaches the next of its number.
std::uint16_t held_queues::free_channel() {
    do
        last_channel_ = last_channel_ == last_work_channel ? first_work_channel
                                                           : static_cast<std::uint16_t>(last_channel_ + 1);
    while (by_channel_.contains(last_channel_));
    return last_channel_;
}

void held_queues::take(std::uint32_t partition) {
    if (!at_.lock(looking, lock_of(partition)))
        return; // another worker was quicker, or hasn't acked yet what it took
    const std::uint16_t channel = free_channel();
    const std::string queue = names_.work_queue(partition);
    at_.open_channel(channel);
    try {
        at_.limit_unacked(channel, static_cast<std::uint16_t>(std::clamp(
                                       prefetch_of_all / names_.partitions(), prefetch_min, prefetch_max)));
        at_.consume(channel, queue, queue);
    } catch (const amqp_error& refused) {
        if (refused.closed_channel() != channel)
            throw;
        health_.trouble(queue, refused.what());
        at_.unlock(looking, lock_of(partition));
        return;
    }
    held_queue fresh;
    fresh.partition = partition;
    fresh.last_message = std::chrono::steady_clock::now();
    by_channel_.emplace(channel, fresh);
    health_.mended(queue);
}

void held_queues::leave_when_quiet() {
    const auto now = std::chrono::steady_clock::now();
    for (auto one = by_channel_.begin(); one != by_channel_.end();) {
        auto& [channel, which] = *one;
        // Until then newer events of a resource can't overtake, at the next worker, those that run here.
        if (which.is_consuming && which.leaving_since &&
            (now - *which.leaving_since > quiet_wait ||
             (!batches_.has_unacked(channel) && !has_unfinished_())))
            stop_consuming(channel, which);
        if (!which.is_consuming && which.is_told && !batches_.has_unacked(channel)) {
            if (!which.is_gone)
                at_.close_channel(channel);
            at_.unlock(looking, lock_of(which.partition));
            one = by_channel_.erase(one);
        } else {
            ++one;
        }
    }
}

void held_queues::stop_consuming(std::uint16_t channel, held_queue& which) {
    which.is_consuming = false;
    at_.cancel(channel, names_.work_queue(which.partition));
}

/// Where there were more partitions before: their queues are emptied, by whoever finds them without a
/// consumer.
void held_queues::find_older_queues() {
    older_.clear();
    for (std::uint32_t partition = names_.partitions();
         partition < names_.partitions() + older_queues_max && look_at(names_.work_queue(partition));
         ++partition)
        older_.push_back(partition);
}

void held_queues::drain_older_queues() {
    const auto now = std::chrono::steady_clock::now();
    for (const std::uint32_t partition : older_) {
        const auto known = std::ranges::find_if(
            by_channel_, [&](const auto& one) { return one.second.partition == partition; });
        const auto state = look_at(names_.work_queue(partition));
        if (!state)
            continue;
        if (known == by_channel_.end()) {
            if (state->ready > 0 && state->consumers == 0)
                take(partition);
        } else if (state->ready == 0 && !known->second.leaving_since &&
                   now - known->second.last_message > older_queue_wait) {
            known->second.leaving_since = now;
        }
    }
}

void held_queues::note_delivered(std::uint16_t channel) {
    if (const auto known = by_channel_.find(channel); known != by_channel_.end())
        known->second.last_message = std::chrono::steady_clock::now();
}

void held_queues::note_nothing_more() {
    for (auto& [channel, one] : by_channel_)
        if (!one.is_consuming)
            one.is_told = true;
}

void held_queues::note_cancelled(const amqp_connection::consumer_cancelled& what) {
    if (what.consumer == names_.workers_queue(place_))
        is_counted_ = false;
    else if (what.consumer == names_.wanting_queue(place_))
        is_wanting_ = false;
    else if (const auto known = by_channel_.find(what.channel); known != by_channel_.end())
        known->second.is_consuming = false; // and may be taken again
}

void held_queues::note_closed(std::uint16_t channel) {
    const auto known = by_channel_.find(channel);
    if (known == by_channel_.end())
        return;
    // It stays locked until what came by it is committed: here it is stored, and elsewhere it comes again.
    known->second.is_consuming = false;
    known->second.is_told = true;
    known->second.is_gone = true;
}

bool held_queues::is_open(std::uint16_t channel) const {
    const auto known = by_channel_.find(channel);
    return known != by_channel_.end() && !known->second.is_gone;
}

void held_queues::give_all_back() {
    for (auto& [channel, one] : by_channel_)
        if (one.is_consuming)
            stop_consuming(channel, one);
    count_no_more();
}

std::vector<std::uint32_t> held_queues::partitions() const {
    std::vector<std::uint32_t> found;
    for (const auto& [channel, one] : by_channel_)
        if (one.is_consuming)
            found.push_back(one.partition);
    std::ranges::sort(found);
    return found;
}

} // namespace outreachd::amqp
