#include "daemon/amqp/held_queues.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::amqp {

namespace {

using namespace std::chrono_literals;
using amqp_connection::amqp_error;
using amqp_connection::trouble;

constexpr std::uint16_t control = 1; // channels
constexpr std::uint16_t looking = 2;
constexpr std::uint16_t first_work_channel = 10;
constexpr std::uint16_t last_work_channel = 2000; // RabbitMQ allows 2047

/// Unacked messages of each queue.
constexpr std::uint32_t prefetch_min = 8;
constexpr std::uint32_t prefetch_max = 128;
constexpr auto look_pause = 500ms;
constexpr auto search_pause = 60s;
constexpr auto place_pause = 5s; // between looks whether a node is back
constexpr std::uint32_t older_queues_max = 1024;
/// For deliveries of what a queue brought, once it isn't consumed any more: another worker has its share
/// within 10 s, whatever a handler does.
constexpr auto delivery_wait = 8s;
constexpr auto older_queue_wait = 10s;
constexpr auto refused_pause = 5s;

} // namespace

held_queues::held_queues(amqp_connection::connection& at, const topology& names, link_health& health,
                         const intake_batches& batches, const store::store& events,
                         unfinished_up_to has_unfinished)
    : at_(at), names_(names), health_(health), batches_(batches), events_(events),
      has_unfinished_(std::move(has_unfinished)), last_channel_(first_work_channel) {
    begin();
}

void held_queues::begin() {
    at_.open_channel(control);
    at_.open_channel(looking);
    declare_and_count();
    // Not on the channel of the consumers by which it is counted: a declaration that differs closes its
    // channel.
    const auto unusable = names_.declare(at_, looking);
    for (std::uint32_t partition = 0; partition < names_.partitions(); ++partition) {
        const std::string queue = names_.work_queue(partition);
        const auto reason = unusable.find(partition);
        if (reason == unusable.end()) {
            health_.mended(queue);
            continue;
        }
        if (look_at(queue))
            differing_.insert(partition);
        health_.trouble(queue, reason->second);
    }
}

/// A look tells that a queue is there, not that it is as it should be.
void held_queues::note_usable(std::uint32_t partition) {
    if (!differing_.contains(partition) && !refused_.contains(partition))
        health_.mended(names_.work_queue(partition));
}

/// They may have been made anew.
void held_queues::declare_differing() {
    std::erase_if(differing_, [this](std::uint32_t partition) {
        const std::string reason = names_.declare_work_queue(at_, looking, partition);
        if (reason.empty())
            health_.mended(names_.work_queue(partition));
        else
            health_.trouble(names_.work_queue(partition), reason);
        return reason.empty();
    });
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
    let_go();
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_)
        return false;
    next_look_ = now + look_pause;
    if (now >= next_search_) {
        next_search_ = now + search_pause;
        declare_differing();
        find_older_queues();
    }
    drain_older_queues();
    if (!is_counted_ || (place_ > 0 && now >= next_place_look_))
        declare_and_count();
    share_out();
    begin_consuming();
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

bool held_queues::is_known(std::uint32_t partition) const {
    return std::ranges::any_of(by_channel_,
                               [&](const auto& one) { return one.second.partition == partition; });
}

void held_queues::share_out() {
    const auto workers = look_at(names_.workers_queue(place_));
    const auto wanting = look_at(names_.wanting_queue(place_));
    if (!workers || !wanting)
        return declare_and_count(); // a consumer of what is gone will be told so
    is_alone_ = workers->consumers == 1;
    const share_view seen = look_at_all(workers->consumers, wanting->consumers);
    const share_step step = share_.next(seen, std::uniform_real_distribution<double>(0, 1)(random_));
    std::size_t held = seen.held.size();
    for (const std::uint32_t partition : step.take)
        held += take(partition) ? 1U : 0U;
    for (auto& [channel, one] : by_channel_)
        if (one.is_consuming && std::ranges::find(step.give, one.partition) != step.give.end())
            give_back(channel, one);
    // One that is locked still will be free within seconds; it isn't held yet.
    const bool has_missed =
        held < seen.held.size() + step.take.size() && held < share_at_least(seen.partitions, seen.workers);
    if (has_missed)
        share_.note_missed();
    want(step.is_wanting || has_missed);
}

share_view held_queues::look_at_all(std::uint32_t workers, std::uint32_t wanting) {
    share_view seen{names_.partitions(), workers, wanting, {}, {}};
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [channel, one] : by_channel_) {
        if (!one.is_consuming || one.partition >= names_.partitions())
            continue;
        seen.held.insert(one.partition);
        if (now - one.taken_at < look_pause) // a refusal may be on its way
            continue;
        refused_.erase(one.partition);
        note_usable(one.partition);
    }
    if (seen.held.size() >= share_at_most(seen.partitions, seen.workers))
        return seen;
    for (std::uint32_t partition = 0; partition < names_.partitions(); ++partition) {
        if (is_known(partition))
            continue;
        const std::string queue = names_.work_queue(partition);
        auto state = look_at(queue);
        if (!state) { // it was deleted
            if (const std::string reason = names_.declare_work_queue(at_, looking, partition);
                !reason.empty()) {
                health_.trouble(queue, reason);
                continue;
            }
            differing_.erase(partition);
            state.emplace();
        }
        const auto refused = refused_.find(partition);
        if (state->consumers > 0)
            refused_.erase(partition); // another worker was let in
        else if (refused == refused_.end() || now - refused->second > refused_pause)
            seen.free.push_back(partition);
        note_usable(partition);
    }
    return seen;
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

/// False where another worker was quicker, or isn't done yet with what it took.
bool held_queues::take(std::uint32_t partition) {
    if (!at_.lock(looking, lock_of(partition)))
        return false;
    const std::uint16_t channel = free_channel();
    at_.open_channel(channel);
    try {
        at_.limit_unacked(channel,
                          static_cast<std::uint16_t>(std::clamp(messages_ahead_max / names_.partitions(),
                                                                prefetch_min, prefetch_max)));
    } catch (const amqp_error& refused) {
        if (refused.closed_channel() != channel)
            throw;
        health_.trouble(names_.work_queue(partition), refused.what());
        at_.unlock(looking, lock_of(partition));
        return false;
    }
    held_queue fresh;
    fresh.partition = partition;
    fresh.taken_at = fresh.last_message = std::chrono::steady_clock::now();
    by_channel_.emplace(channel, fresh);
    to_begin_.push_back(channel);
    return true;
}

/// Behind all other questions, and without one: after a time without workers the queues are full, and what
/// comes by the first would be read into memory in front of the answer about the last.
void held_queues::begin_consuming() {
    for (const std::uint16_t channel : to_begin_) {
        const std::string queue = names_.work_queue(by_channel_.at(channel).partition);
        at_.consume_unanswered(channel, queue, queue);
    }
    to_begin_.clear();
}

void held_queues::give_back(std::uint16_t channel, held_queue& which) {
    which.is_consuming = false;
    which.ended_at = std::chrono::steady_clock::now();
    try {
        at_.cancel(channel, names_.work_queue(which.partition));
    } catch (const amqp_error& failure) { // the broker may have been quicker
        if (failure.closed_channel() != channel)
            throw;
        note_closed(channel, failure.what());
    }
}

void held_queues::let_go() {
    for (auto one = by_channel_.begin(); one != by_channel_.end();) {
        auto& [channel, which] = *one;
        if (!which.last && is_all_acked(channel, which))
            which.last = events_.routed_up_to();
        if (is_done_with(which)) {
            if (!which.is_gone)
                at_.close_channel(channel);
            at_.unlock(looking, lock_of(which.partition));
            one = by_channel_.erase(one);
        } else {
            ++one;
        }
    }
}

bool held_queues::is_all_acked(std::uint16_t channel, const held_queue& which) const {
    return !which.is_consuming && which.is_told && !batches_.has_unacked(channel);
}

bool held_queues::is_done_with(const held_queue& which) const {
    return which.last && (is_alone_ || std::chrono::steady_clock::now() - which.ended_at > delivery_wait ||
                          !has_unfinished_(*which.last));
}

/// Where there were more partitions before: their queues are emptied, by whoever finds them without a
/// consumer.
void held_queues::find_older_queues() {
    const std::vector<std::uint32_t> before = std::exchange(older_, {});
    for (std::uint32_t partition = names_.partitions();
         partition < names_.partitions() + older_queues_max && look_at(names_.work_queue(partition));
         ++partition)
        older_.push_back(partition);
    for (const std::uint32_t partition : before)
        if (!std::ranges::binary_search(older_, partition))
            note_no_trouble(partition); // it was deleted
}

void held_queues::note_no_trouble(std::uint32_t partition) {
    refused_.erase(partition);
    health_.mended(names_.work_queue(partition));
}

void held_queues::drain_older_queues() {
    const auto now = std::chrono::steady_clock::now();
    for (const std::uint32_t partition : older_) {
        const auto state = look_at(names_.work_queue(partition));
        if (!state)
            continue;
        const auto refused = refused_.find(partition);
        const bool may_take = refused == refused_.end() || now - refused->second > refused_pause;
        if (!is_known(partition) && state->ready > 0 && state->consumers == 0 && may_take)
            take(partition);
        for (auto& [channel, one] : by_channel_) {
            if (one.partition != partition || !one.is_consuming)
                continue;
            if (now - one.taken_at >= look_pause) // it hasn't been refused
                note_no_trouble(partition);
            if (state->ready == 0 && now - one.last_message > older_queue_wait)
                give_back(channel, one);
        }
        if (state->ready == 0 || state->consumers > 0)
            note_no_trouble(partition); // there is nothing to be done here
    }
}

void held_queues::note_delivered(std::uint16_t channel) {
    if (const auto known = by_channel_.find(channel); known != by_channel_.end())
        known->second.last_message = std::chrono::steady_clock::now();
}

void held_queues::note_cancelled(const amqp_connection::consumer_cancelled& what) {
    if (what.consumer == names_.workers_queue(place_)) {
        is_counted_ = false;
    } else if (what.consumer == names_.wanting_queue(place_)) {
        is_wanting_ = false;
    } else if (const auto known = by_channel_.find(what.channel); known != by_channel_.end()) {
        known->second.is_consuming = false; // and may be taken again
        known->second.is_told = true;
        known->second.ended_at = std::chrono::steady_clock::now();
        next_search_ = {}; // it may be another one by now
    }
}

void held_queues::note_ended(std::uint16_t channel) {
    if (const auto known = by_channel_.find(channel); known != by_channel_.end())
        known->second.is_told = true;
}

void held_queues::note_closed(std::uint16_t channel, const std::string& reason) {
    const auto known = by_channel_.find(channel);
    if (known == by_channel_.end())
        return;
    held_queue& which = known->second;
    refused_[which.partition] = std::chrono::steady_clock::now();
    health_.trouble(names_.work_queue(which.partition), reason);
    // It stays locked until what came by it is committed: here it is stored, and elsewhere it comes again.
    if (which.is_consuming)
        which.ended_at = std::chrono::steady_clock::now();
    which.is_consuming = false;
    which.is_told = true;
    which.is_gone = true;
}

bool held_queues::is_open(std::uint16_t channel) const {
    const auto known = by_channel_.find(channel);
    return known != by_channel_.end() && !known->second.is_gone;
}

void held_queues::give_all_back() {
    for (auto& [channel, one] : by_channel_)
        if (one.is_consuming)
            give_back(channel, one);
    count_no_more();
    const auto others = look_at(names_.workers_queue(place_));
    is_alone_ = others && others->consumers == 0;
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
