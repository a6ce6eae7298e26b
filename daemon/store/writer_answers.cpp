/// What the writer thread tells those who wait for it.
#include "daemon/store/writer.hpp"

namespace outreachd::store {

namespace {

constexpr std::size_t abandoned_bytes_max = 64 * 1024 * 1024;
constexpr std::chrono::milliseconds late_look_pause{500};

} // namespace

void writer::acknowledge() {
    batch done;
    std::swap(done, batch_);
    std::vector<stored_event> fresh = std::exchange(moved_, {});
    const std::vector<stored_event> taken = std::exchange(taken_, {});
    fresh.reserve(fresh.size() + done.appends.size());
    for (append_job& job : done.appends) {
        answer(job);
        if (!job.result.is_repeat)
            fresh.push_back(
                {job.result.sequence, std::move(job.subject), job.route.has_value(), std::move(job.route)});
    }
    answer_published(done.published);
    forget_late_appends();
    if (!done.appends.empty() || !done.published.empty())
        tell_answered();
    publish();
    committed_sink sink;
    {
        const std::scoped_lock lock(mutex_);
        if (!is_carrying_)
            sink = sink_;
        if (done.background != nullptr) {
            done.background->is_done = true;
            background_done_.notify_all();
        }
    }
    if (sink && !fresh.empty())
        sink(fresh);
    if (sink && !taken.empty())
        sink(taken);
    for (const route_job& job : done.routes)
        job.done();
    for (const published_job& job : done.published)
        job.done();
    for (const take_in_job& job : done.taken_in)
        job.done(job.taken);
    for (const step_job& job : done.steps)
        job.done();
    for (const settle_job& job : done.settlements)
        job.done();
    // Behind the settlements, so that what was settled and revived by one commit is seen in that order.
    const bool has_revived = std::any_of(done.changes.begin(), done.changes.end(),
                                         [](const change_job& job) { return job.changed > 0; });
    if (sink && (has_revived || has_carried_unfinished_))
        sink({});
    for (const change_job& job : done.changes)
        job.done(job.changed);
    tell_outbox(done);
}

void writer::answer(append_job& job) {
    if (!job.done)
        return;
    const append_result result{job.result.id, job.result.is_repeat};
    // What isn't in this file may wait in the outbox of one that is still to be carried over.
    const bool is_elsewhere = is_carrying_ && result.id == event_id{};
    const bool is_confirmed = job.result.is_confirmed && !is_elsewhere;
    if (job.when == answered_when::stored || is_confirmed)
        job.done({}, result);
    else
        unconfirmed_.emplace(result.id, unconfirmed_append{job.deadline, std::move(job.done), result});
}

void writer::answer_published(const std::vector<published_job>& jobs) {
    if (unconfirmed_.empty())
        return;
    for (const published_job& job : jobs)
        for (const event_id& one : job.events) {
            const auto [first, last] = unconfirmed_.equal_range(one);
            for (auto waiting = first; waiting != last; ++waiting)
                waiting->second.done({}, waiting->second.result);
            unconfirmed_.erase(first, last);
        }
}

/// Whoever waited has been reset by its own deadline.
void writer::forget_late_appends() {
    const auto now = std::chrono::steady_clock::now();
    if (unconfirmed_.empty() || now < next_look_at_unconfirmed_)
        return;
    next_look_at_unconfirmed_ = now + late_look_pause;
    std::erase_if(unconfirmed_, [now](const auto& one) { return one.second.deadline <= now; });
}

void writer::tell_outbox(const batch& done) {
    // What operators ask for is about events that are there already; what is carried stands at its old place.
    const bool has_older = !done.changes.empty() || has_carried_unfinished_;
    if (done.appends.empty() && done.routes.empty() && !has_older)
        return;
    outbox_sink filled;
    {
        const std::scoped_lock lock(mutex_);
        filled = outbox_filled_;
    }
    if (filled)
        filled(has_older);
}

void writer::tell_answered() {
    std::function<void()> all;
    {
        const std::scoped_lock lock(mutex_);
        all = answered_;
    }
    if (all)
        all();
}

void writer::publish() {
    const std::scoped_lock lock(mutex_);
    accounts_ = session_->accounts();
    depths_ = session_->depths();
    routed_up_to_ = session_->routed_up_to();
    dropped_up_to_ = session_->dropped_up_to();
}

/// Tells the one who waits, once it is too late; the event stays, to be stored when that is possible.
/// True: told now.
bool writer::expire(append_job& job, steady_time now, bool is_giving_up) {
    if (!job.done || (job.deadline > now && !is_giving_up))
        return false;
    job.done(is_giving_up ? errc::stopping : errc::deadline_passed, {});
    job.done = nullptr;
    return true;
}

void writer::expire_appends(bool is_giving_up) {
    const auto now = std::chrono::steady_clock::now();
    for (append_job& job : batch_.appends)
        expire(job, now, is_giving_up);
    const std::scoped_lock lock(mutex_);
    for (append_job& job : appends_)
        if (expire(job, now, is_giving_up))
            abandoned_bytes_ += job.bytes();
    // A sender that was told "not stored" may have given up: what fits is stored all the same.
    for (auto job = appends_.begin(); job != appends_.end() && abandoned_bytes_ > abandoned_bytes_max;) {
        if (job->done) {
            ++job;
            continue;
        }
        abandoned_bytes_ -= job->bytes();
        waiting_bytes_ -= job->bytes();
        job = appends_.erase(job);
    }
}

} // namespace outreachd::store
