#include "daemon/outreach/backfill.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::outreach {

namespace {

bool may_come_yet(const resource_progress& one) {
    return !one.is_done && !one.is_for_good;
}

bool fails_for_now(const backfill_progress& ended) {
    return std::ranges::any_of(ended.resources, may_come_yet);
}

} // namespace

backfill::backfill(backfill_sources sources, backfill_target target, settings::backfill configured,
                   std::vector<std::string> resources, const std::string& directory, log::logger& log,
                   backfill_times times)
    : sources_(std::move(sources)), target_(std::move(target)), configured_(std::move(configured)),
      resources_(std::move(resources)), log_(log), times_(times), covered_(directory) {}

void backfill::make_ready() {
    thread_.make_ready([self = shared_from_this()] {
        try {
            self->run();
        } catch (const std::exception& failure) { // want of memory
            self->tell_failure(failure.what());
        }
    });
}

void backfill::start() {
    make_ready();
    thread_.start();
}

void backfill::tell_failure(const char* cause) {
    if (!thread_.is_stopping())
        log_.error("backfill: it has ended, and begins anew with the daemon", {{"cause", cause}});
}

std::string backfill::ask(backfill_wish wish) {
    if (wish.resources.empty())
        wish.resources = resources_;
    if (wish.resources.empty())
        return "which resources? Neither the request, nor 'backfill.resources', nor 'webhooks.subscribe' "
               "names one";
    const std::lock_guard lock(mutex_);
    if (thread_.is_stopping())
        return "the daemon is stopping";
    if (asked_ || (progress_ && !progress_->finished_at))
        return "a backfill is under way";
    progress_ = backfill_progress{.wish = wish, .started_at = wish.asked_at}; // who asks on sees this one
    asked_ = std::move(wish);
    thread_.wake();
    return {};
}

std::optional<backfill_progress> backfill::progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
}

std::optional<wall_time> backfill::gap_since() const {
    const std::lock_guard lock(mutex_);
    std::optional<wall_time> first;
    for (const auto& each : {gap_since_, left_since_, suspended_since_, suspension_ended_})
        if (each && (!first || *each < *first))
            first = each;
    return first;
}

std::vector<std::string> backfill::problems() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const unfilled& one : unfilled_)
        all.push_back("backfill: what changed of " + one.resource + " since " + to_rfc3339(one.since) +
                      " is not fetched: " + one.why + "; once that is mended, `outreachd backfill --since " +
                      to_rfc3339(one.since) + " --resources " + one.resource + "` fetches it");
    return all;
}

wall_time backfill::known_from() const {
    const wall_time by_age = wall_now() - target_.kept_for;
    return std::max(by_age, sources_.events.dropped_up_to().value_or(by_age));
}

void backfill::note_suspension(std::optional<wall_time> since) {
    const std::lock_guard lock(mutex_);
    if (suspended_since_ && !since) {
        suspension_ended_ =
            suspension_ended_ ? std::min(suspension_ended_, suspended_since_) : suspended_since_;
        thread_.wake();
    }
    // Of several that began one after the other the first.
    suspended_since_ = suspended_since_ && since ? std::min(suspended_since_, since) : since;
}

void backfill::run() {
    begin_with_last_mark();
    while (!thread_.is_stopping()) {
        beat();
        if (!gap_since_)
            thread_.sleep(times_.beat);
        if (const auto wish = take_wish())
            run_once(*wish, false);
        take_up_gap();
        if (gap_since_)
            fill_gap();
    }
    beat();
}

std::optional<backfill_wish> backfill::take_wish() {
    const std::lock_guard lock(mutex_);
    return thread_.is_stopping() ? std::nullopt : std::exchange(asked_, std::nullopt);
}

/// Before the first mark there is nothing to compare with: that is a new host.
void backfill::begin_with_last_mark() {
    const auto [time, is_held, problem] = covered_.last();
    if (!problem.empty())
        log_.warn("backfill: up to when nothing is missing can't be read, so no gap is known; "
                  "`outreachd backfill --since T` fetches what may be missing",
                  {{"cause", problem}});
    if (!time)
        return;
    const wall_time since = std::min(*time, wall_now()); // a clock may have been ahead
    if (configured_.is_automatic) {
        begin_gap(since);
    } else if (is_held && !resources_.empty()) {
        const std::lock_guard lock(mutex_);
        left_since_ = since;
    }
}

/// All of it is due now, whatever was due before.
void backfill::begin_gap(wall_time since) {
    left_ = resources_;
    gap_due_ = std::chrono::steady_clock::now();
    again_ = times_.again;
    const std::lock_guard lock(mutex_);
    gap_since_ = since;
}

void backfill::take_up_gap() {
    std::optional<wall_time> since;
    {
        const std::lock_guard lock(mutex_);
        since = std::exchange(suspension_ended_, std::nullopt);
        if (since && !configured_.is_automatic)
            left_since_ = left_since_ ? std::min(*left_since_, *since) : *since;
        else if (since)
            gap_since_ = std::min(gap_since_.value_or(*since), *since); // told of without a break
    }
    if (since && configured_.is_automatic)
        begin_gap(*gap_since_);
}

void backfill::fill_gap() {
    if (std::chrono::steady_clock::now() < gap_due_) {
        thread_.pause(std::min(times_.beat, std::chrono::ceil<std::chrono::milliseconds>(
                                                gap_due_ - std::chrono::steady_clock::now())));
        return;
    }
    backfill_wish wish{.since = *gap_since_ - times_.overlap, .resources = left_};
    if (const wall_time known = known_from(); wish.since < known) {
        log_.warn(
            "backfill: the gap began before what the store remembers; what changed earlier isn't fetched by "
            "itself, since it may have come: `outreachd backfill --since T --force` does it",
            {{"gap_since", to_rfc3339(*gap_since_)}, {"fetched_since", to_rfc3339(known)}});
        wish.since = known;
    }
    {
        const std::lock_guard lock(mutex_);
        if (thread_.is_stopping() || asked_)
            return; // somebody waits for that one
        progress_ = backfill_progress{.wish = wish, .started_at = wish.asked_at};
    }
    run_once(wish, true);
}

void backfill::run_once(const backfill_wish& wish, bool is_own) {
    log_.info("backfill: asking Outreach for what changed",
              {{"since", to_rfc3339(wish.since)}, {"dry_run", wish.is_dry_run}, {"automatic", is_own}});
    const backfill_progress ended = run_backfill(
        sources_, target_, wish, [this](std::chrono::milliseconds time) { return pause(time); },
        [this](const backfill_progress& now) {
            const std::lock_guard lock(mutex_);
            progress_ = now;
        },
        {.settle = times_.settle});
    if (tell_end(ended, is_own) && is_own)
        end_gap(ended);
}

/// False: the daemon stops, and what isn't done is so for that.
bool backfill::tell_end(const backfill_progress& ended, bool is_own) {
    const std::lock_guard lock(mutex_);
    progress_ = ended;
    if (thread_.is_stopping())
        return false;
    for (const resource_progress& one : ended.resources) {
        if (one.problem.empty())
            log_.info("backfill: a resource is compared", {{"resource", one.resource},
                                                           {"changed", one.listed},
                                                           {"missing", one.missing},
                                                           {"stored", one.stored}});
        else
            log_.warn("backfill: a resource can't be compared",
                      {{"resource", one.resource}, {"cause", one.problem}});
    }
    const bool ends_left = left_since_ && !fails_for_now(ended) && !ended.wish.is_dry_run &&
                           ended.wish.since <= *left_since_ && ended.wish.resources == resources_;
    if (!ended.wish.is_dry_run)
        note_unfilled(ended, is_own || ends_left);
    if (ends_left)
        left_since_.reset();
    return true;
}

/// What can't be listed at all, such as imports, is no gap that somebody could fill. Under the mutex.
void backfill::note_unfilled(const backfill_progress& ended, bool is_of_gap) {
    for (const resource_progress& one : ended.resources) {
        const auto known = std::ranges::find(unfilled_, one.resource, &unfilled::resource);
        if (one.is_done && known != unfilled_.end() && ended.wish.since <= known->since)
            unfilled_.erase(known);
        if (!is_of_gap || !one.is_for_good || !one.is_listable)
            continue;
        if (known == unfilled_.end())
            unfilled_.push_back({one.resource, ended.wish.since, one.problem});
        else
            *known = {one.resource, std::min(known->since, ended.wish.since), one.problem};
    }
}

/// What was given up for good is left behind: asked for again it would be refused again.
void backfill::end_gap(const backfill_progress& ended) {
    left_.clear();
    for (const resource_progress& one : ended.resources)
        if (may_come_yet(one))
            left_.push_back(one.resource);
    if (!left_.empty()) {
        gap_due_ = std::chrono::steady_clock::now() + again_;
        again_ = std::min(again_ * 2, times_.again_max);
    } else if (const auto missed = std::exchange(missed_since_, std::nullopt)) {
        begin_gap(*missed);
    } else {
        const std::lock_guard lock(mutex_);
        gap_since_.reset();
    }
}

/// Within a run, which may take hours: the marks go on, so that what happens to the host meanwhile is seen.
bool backfill::pause(std::chrono::milliseconds time) {
    for (;;) {
        if (std::chrono::steady_clock::now() >= next_beat_)
            beat();
        const auto step = std::min(time, times_.beat);
        if (!thread_.pause(step))
            return false;
        time -= step;
        if (time <= std::chrono::milliseconds{0})
            return true;
    }
}

/// Marks how far nothing is missing: to now, or to where a gap begins that isn't filled, whoever fills it. A
/// mark that couldn't be written, or wasn't since the machine stood still, is where a gap begins: what came
/// then was refused, since it couldn't be stored, or met nobody.
void backfill::beat() {
    next_beat_ = std::chrono::steady_clock::now() + times_.beat;
    const wall_time now = wall_now();
    if (configured_.is_automatic && marked_at_ && now - *marked_at_ > times_.stale) {
        if (gap_since_)
            missed_since_ = std::min(missed_since_.value_or(*marked_at_), *marked_at_);
        else
            begin_gap(*marked_at_);
    }
    if (is_superseded_)
        return;
    const auto since = gap_since();
    const wall_time up_to = std::min(since.value_or(now), now);
    if (const std::string problem = covered_.mark(up_to, since.has_value()); problem.empty())
        marked_at_ = now;
    else
        log_.warn("backfill: up to when nothing is missing can't be written down", {{"cause", problem}});
}

} // namespace outreachd::outreach
