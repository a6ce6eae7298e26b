#include "daemon/store/writer.hpp"

#include "daemon/store/event_row.hpp"

#include <algorithm>

namespace outreachd::store {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_events_max = 256;
constexpr std::size_t batch_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t batch_dispatch_max = 512;
constexpr std::size_t batch_step_bytes_max = 4 * 1024 * 1024; // acks wait for the same commit
constexpr std::size_t batch_published_max = 16;               // each what one turn of the relay confirmed
constexpr auto retry_pause = 100ms;
constexpr auto idle_pause = 200ms;
constexpr auto long_idle_pause = 1s; // where the first look found nothing

template <typename Job>
void take_some(std::deque<Job>& from, std::size_t limit, std::vector<Job>& to) {
    for (std::size_t i = 0; i < limit && !from.empty(); ++i) {
        to.push_back(std::move(from.front()));
        from.pop_front();
    }
}

/// At least one, however long; what is behind waits for the next commit.
template <typename Job>
void take_steps(std::deque<Job>& from, std::vector<Job>& to) {
    std::size_t bytes = 0;
    while (!from.empty() && to.size() < batch_dispatch_max) {
        bytes += from.front().what.result.size();
        if (!to.empty() && bytes > batch_step_bytes_max)
            return;
        to.push_back(std::move(from.front()));
        from.pop_front();
    }
}

/// In front of what waits.
template <typename Job>
void give_back(std::vector<Job>& taken, std::deque<Job>& to) {
    std::move(taken.rbegin(), taken.rend(), std::front_inserter(to));
    taken.clear();
}

} // namespace

writer::writer(const file_set& files, std::chrono::milliseconds repeat_window, observer& watcher)
    : files_(files), repeat_window_(repeat_window), watcher_(watcher) {
    open_newest();
    publish();
}

void writer::run() {
    while (take_work()) {
        write_batch();
        at_disk_since_ms_ = 0;
    }
    try {
        if (distrust_cause_.empty() && is_wal_trusted_) // else the WAL may be the only good copy
            session_->connection().checkpoint_truncate();
    } catch (const database_error&) { // the WAL holds everything: the next start reads it from there
    }
    const std::scoped_lock lock(mutex_);
    is_finished_ = true;
    background_done_.notify_all();
}

bool writer::has_work() const {
    const bool is_dispatch_waiting =
        !is_carrying_ && (!routes_.empty() || !settlements_.empty() || !steps_.empty() || !changes_.empty() ||
                          !published_.empty() || may_take_in());
    return !appends_.empty() || is_dispatch_waiting || background_ != nullptr || !distrust_request_.empty();
}

bool writer::may_take_in() const {
    return !taken_in_.empty() && session_->routed_up_to() >= session_->last_sequence();
}

bool writer::take_work() {
    std::unique_lock lock(mutex_);
    for (std::chrono::milliseconds pause = idle_pause; !has_work() && !is_stopping_;
         pause = long_idle_pause) {
        if (has_work_.wait_for(lock, pause) == std::cv_status::timeout &&
            (session_->repeats().has_work() || wants_checkpoint_))
            break;
    }
    if (!has_work() && is_stopping_)
        return false;
    if (!distrust_request_.empty() && distrusted_file_ == file_) {
        distrust_cause_ = distrust_request_;
        is_refused_ = false;
    }
    distrust_request_.clear();

    std::size_t bytes = 0;
    while (!appends_.empty() && batch_.appends.size() < batch_events_max && bytes < batch_bytes_max) {
        const std::size_t size = appends_.front().bytes();
        bytes += size;
        waiting_bytes_ -= size;
        if (!appends_.front().done)
            abandoned_bytes_ -= size;
        batch_.appends.push_back(std::move(appends_.front()));
        appends_.pop_front();
    }
    if (!is_carrying_) {
        take_some(routes_, batch_dispatch_max, batch_.routes);
        take_some(settlements_, batch_dispatch_max, batch_.settlements);
        take_steps(steps_, batch_.steps);
        if (!changes_.empty()) { // large ones: one a commit
            batch_.changes.push_back(std::move(changes_.front()));
            changes_.pop_front();
        }
        take_some(published_, batch_published_max, batch_.published);
        if (may_take_in()) {
            batch_.taken_in.push_back(std::move(taken_in_.front()));
            taken_in_.pop_front();
        }
    }
    batch_.background = std::exchange(background_, nullptr);
    decide_now_ = decide_;
    return true;
}

void writer::write_batch() {
    for (;;) {
        std::int64_t not_yet = 0;
        failing_since_ms_.compare_exchange_strong(not_yet, steady_ms());
        at_disk_since_ms_ = steady_ms();
        if (distrust_cause_.empty() && try_batch())
            break;
        give_back_background();
        if (!distrust_cause_.empty()) {
            const std::int64_t distrusted = file_;
            try {
                replace_file();
                continue;
            } catch (const std::exception& failure) {
                watcher_.write_failed(failure.what());
                if (is_refused_ && file_ == distrusted)
                    distrust_cause_.clear(); // nothing can be written anywhere: it may be whole afterwards
            }
        }
        const bool is_last_try = is_given_up();
        expire_appends(is_last_try);
        if (is_last_try) {
            batch_ = {};
            return;
        }
        std::unique_lock lock(mutex_);
        has_work_.wait_for(lock, retry_pause, [this] { return is_given_up(); });
    }
    acknowledge();
    finish_checkpoint_now();
}

bool writer::try_batch() {
    try {
        if (!is_wal_trusted_) {
            // What the WAL held at the start may never have been flushed: a killed process leaves it
            // in the system's cache. It is made durable before anything is appended behind it. Not by a
            // checkpoint, which a reader with an old snapshot could hold up for ever.
            session_->connection().flush_wal();
            is_wal_trusted_ = true;
        }
        session_->begin();
        apply();
        session_->commit();
    } catch (const database_error& failure) {
        session_->rollback();
        watcher_.write_failed(failure.what());
        const std::scoped_lock lock(mutex_);
        if (is_grave(file_, failure)) {
            distrust_cause_ = failure.what();
            is_refused_ = failure.is_unwritable_page();
        }
        return false;
    } catch (const std::exception& failure) { // no memory: what waits for the disk may have taken it
        session_->rollback();
        watcher_.write_failed(failure.what());
        return false;
    }
    wal_frames_ = session_->wal_frames();
    watcher_.written(std::chrono::milliseconds{steady_ms() - failing_since_ms_.exchange(0)});
    return true;
}

void writer::apply() {
    // First: it may write the repeat index, to which nothing may have been added yet.
    moved_.clear();
    has_carried_unfinished_ = false;
    if (batch_.background != nullptr)
        batch_.background->work(*session_);
    for (append_job& job : batch_.appends) {
        const bool is_all_routed = session_->routed_up_to() >= session_->last_sequence();
        job.result = session_->append(*job.subject, job.dedup_window);
        job.route.reset();
        if (is_all_routed && !is_carrying_ && !job.result.is_repeat)
            route_now(job);
    }
    for (const route_job& job : batch_.routes)
        for (const routing& one : job.routes)
            session_->route(one);
    for (const step_job& job : batch_.steps) // before the settlement that ends their delivery
        session_->record_step(job.what);
    for (const settle_job& job : batch_.settlements)
        session_->settle(job.what);
    for (change_job& job : batch_.changes)
        job.changed = job.work(*session_);
    for (const published_job& job : batch_.published)
        for (const event_id& one : job.events)
            session_->note_published(one);
    taken_.clear();
    give_back_take_ins_unless_routed();
    for (take_in_job& job : batch_.taken_in) {
        const std::size_t before = taken_.size();
        for (const auto& one : job.events)
            if (auto taken = session_->take_in(one, job.decide))
                taken_.push_back(std::move(*taken));
        job.taken = taken_.size() - before;
    }
    const wall_time now = wall_now();
    clock_.look(now, std::chrono::steady_clock::now());
    session_->maintain(clock_.is_trusted() ? to_number(now - repeat_window_) : 0);
}

/// What was carried, or appended without a route, by this very batch is routed first.
void writer::give_back_take_ins_unless_routed() {
    if (batch_.taken_in.empty() || session_->routed_up_to() >= session_->last_sequence())
        return;
    const std::scoped_lock lock(mutex_);
    give_back(batch_.taken_in, taken_in_);
}

/// The cursor moves on only where nothing before it is left behind.
void writer::route_now(append_job& job) {
    if (!decide_now_)
        return;
    job.route = decide_now_({job.result.sequence, job.subject, false, {}});
    if (job.route)
        session_->route_stored(*job.route);
}

void writer::give_back_dispatch_work() {
    give_back(batch_.routes, routes_);
    give_back(batch_.settlements, settlements_);
    give_back(batch_.steps, steps_);
    give_back(batch_.changes, changes_);
    give_back(batch_.published, published_);
    give_back(batch_.taken_in, taken_in_);
}

void writer::finish_checkpoint_now() {
    if (!wants_checkpoint_.exchange(false))
        return;
    try {
        session_->connection().checkpoint_passive();
    } catch (const database_error& failure) {
        note_failure(file_, failure);
    }
}

/// No ack waits for what a background thread would write: that thread tries again later.
void writer::give_back_background() {
    const std::scoped_lock lock(mutex_);
    if (batch_.background != nullptr)
        batch_.background->is_failed = true;
    batch_.background = nullptr;
    background_done_.notify_all();
}

bool writer::is_given_up() const {
    return is_stopping_ && std::chrono::steady_clock::now() > stop_deadline_;
}

} // namespace outreachd::store
