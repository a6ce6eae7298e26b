#include "daemon/amqp/publish_records.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::amqp {

namespace {

constexpr std::size_t many = 128;
constexpr std::chrono::milliseconds gathering_time{10};
constexpr std::chrono::minutes put_off_min{1};
constexpr std::chrono::seconds put_off_untried{1};
constexpr std::uint32_t doublings_max = 6;
static_assert(put_off_min * (1U << doublings_max) == publish_records::put_off_max);

} // namespace

void publish_records::note_confirmed(const event_id& id) {
    if (confirmed_.empty())
        first_confirmed_at_ = std::chrono::steady_clock::now();
    confirmed_.push_back(id);
    unrecorded_.insert(id);
}

void publish_records::hand_over_many() {
    if (confirmed_.size() >= many ||
        (!confirmed_.empty() && std::chrono::steady_clock::now() - first_confirmed_at_ >= gathering_time))
        hand_over();
}

void publish_records::hand_over() {
    if (confirmed_.empty())
        return;
    std::vector<event_id> ids = std::exchange(confirmed_, {});
    std::vector<committed_event> kept;
    kept.reserve(ids.size());
    for (const event_id& id : ids)
        kept.push_back({.id = id});
    events_.note_published(std::move(ids), when_committed([this, kept = std::move(kept)] {
                               recorded_.insert(recorded_.end(), kept.begin(), kept.end());
                           }));
}

std::function<void()> publish_records::when_committed(std::function<void()> note) {
    ++waiting_;
    return [self = shared_from_this(), note = std::move(note)] {
        {
            const std::lock_guard lock(self->mutex_);
            note();
        }
        --self->waiting_;
        self->committed_();
    };
}

std::vector<committed_event> publish_records::look() {
    std::vector<committed_event> done;
    std::vector<store::sequence> burials;
    {
        const std::lock_guard lock(mutex_);
        done.swap(recorded_);
        burials.swap(recorded_burials_);
    }
    for (const committed_event& one : done)
        unrecorded_.erase(one.id);
    for (const store::sequence at : burials)
        buried_.erase(at);
    return done;
}

steady_time publish_records::put_off(const event_in_flight& what, const std::string& why) {
    const bool was_tried = !what.is_left_to_exchange();
    const std::chrono::seconds pause =
        was_tried ? put_off_min * (1U << std::min(what.attempts, doublings_max)) : put_off_untried;
    store::settlement told;
    told.sequence = what.at;
    told.event = what.id; // it may have come back by its queue, and have another place then
    told.state = store::delivery_state::retry;
    told.is_undecided = what.queue.is_taken();
    told.is_wait = !was_tried;
    told.attempts = what.attempts + (was_tried ? 1 : 0);
    told.started_at = wall_now();
    told.next_attempt_at = told.started_at + pause;
    told.reason = why;
    unrecorded_.insert(what.id);
    const steady_time due = std::chrono::steady_clock::now() + pause;
    told.handler = store::outbox_name;
    events_.settle(std::move(told), when_committed([this, put_off = committed_event{what.id, due}] {
                       recorded_.push_back(put_off);
                   }));
    return due;
}

void publish_records::bury(store::sequence at) {
    if (!buried_.insert(at).second)
        return;
    store::settlement told;
    told.sequence = at;
    told.handler = store::outbox_name;
    told.state = store::delivery_state::dead;
    told.started_at = wall_now();
    told.reason = store::damaged_reason;
    events_.settle(std::move(told), when_committed([this, at] { recorded_burials_.push_back(at); }));
}

} // namespace outreachd::amqp
