#include "daemon/outreach/backfill.hpp"

#include <algorithm>
#include <utility>

namespace outreachd::outreach {

namespace {

bool fails_for_now(const backfill_progress& ended) {
    return std::ranges::any_of(ended.resources,
                               [](const resource_progress& one) { return !one.is_done && !one.is_for_good; });
}

} // namespace

backfill::backfill(backfill_sources sources, backfill_target target, settings::backfill configured,
                   std::vector<std::string> resources, const std::string& directory, log::logger& log,
                   backfill_times times)
    : sources_(std::move(sources)), target_(std::move(target)), configured_(std::move(configured)),
      resources_(std::move(resources)), log_(log), times_(times), covered_(directory) {}

void backfill::start() {
    thread_.start([self = shared_from_this()] {
        try {
            self->run();
        } catch (const std::exception& failure) { // want of memory
            self->tell_failure(failure.what());
        }
    });
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
        if (const auto wish = take_wish()) {
            run_once(*wish, false);
            if (marked_at_)
                marked_at_ = wall_now(); // it took its time, and nothing was missed meanwhile
        }
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
    gap_due_ = std::chrono::steady_clock::now();
    if (!configured_.is_automatic)
        return;
    const auto [time, problem] = covered_.last();
    if (!problem.empty())
        log_.warn("backfill: up to when nothing is missing can't be read, so nothing is fetched by itself; "
                  "`outreachd backfill --since T` does it",
                  {{"cause", problem}});
    if (time)
        begin_gap(std::min(*time, wall_now())); // a clock may have been ahead
}

void backfill::begin_gap(wall_time since) {
    const std::lock_guard lock(mutex_);
    gap_since_ = since;
}

void backfill::take_up_gap() {
    const std::lock_guard lock(mutex_);
    const auto since = std::exchange(suspension_ended_, std::nullopt);
    if (!since)
        return;
    if (!configured_.is_automatic) {
        left_since_ = left_since_ ? std::min(*left_since_, *since) : *since;
        return;
    }
    gap_since_ = gap_since_ ? std::min(*gap_since_, *since) : *since;
    gap_due_ = std::chrono::steady_clock::now();
}

void backfill::fill_gap() {
    if (std::chrono::steady_clock::now() < gap_due_) {
        thread_.pause(std::min(times_.beat, std::chrono::ceil<std::chrono::milliseconds>(
                                                gap_due_ - std::chrono::steady_clock::now())));
        return;
    }
    backfill_wish wish{.since = *gap_since_ - times_.overlap, .resources = resources_};
    if (const wall_time known_from = wall_now() - target_.kept_for; wish.since < known_from) {
        log_.warn(
            "backfill: the gap began before what the store remembers; what changed earlier isn't fetched by "
            "itself, since it may have come: `outreachd backfill --since T --force` does it",
            {{"gap_since", to_rfc3339(*gap_since_)}, {"fetched_since", to_rfc3339(known_from)}});
        wish.since = known_from;
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
        sources_, target_, wish, [this](std::chrono::milliseconds time) { return thread_.pause(time); },
        [this](const backfill_progress& now) {
            const std::lock_guard lock(mutex_);
            progress_ = now;
        },
        {.settle = times_.settle});
    tell_end(ended, is_own);
}

void backfill::tell_end(const backfill_progress& ended, bool is_own) {
    const std::lock_guard lock(mutex_);
    progress_ = ended;
    if (thread_.is_stopping())
        return;
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
    if (left_since_ && !fails_for_now(ended) && !ended.wish.is_dry_run && ended.wish.since <= *left_since_ &&
        ended.wish.resources == resources_)
        left_since_.reset();
    if (!is_own)
        return;
    marked_at_ = wall_now();
    if (fails_for_now(ended))
        gap_due_ = std::chrono::steady_clock::now() + times_.again;
    else
        gap_since_.reset();
}

/// Where nothing is known to be missing. A mark that couldn't be written, or wasn't since the machine stood
/// still, is where a gap begins: what came then was refused, since it couldn't be stored, or met nobody.
void backfill::beat() {
    std::optional<wall_time> since;
    {
        const std::lock_guard lock(mutex_);
        since = suspended_since_;
        if (suspension_ended_)
            since = since ? std::min(since, suspension_ended_) : suspension_ended_;
    }
    if (gap_since_)
        return;
    const wall_time now = wall_now();
    if (configured_.is_automatic && marked_at_ && now - *marked_at_ > times_.stale) {
        begin_gap(*marked_at_);
        gap_due_ = std::chrono::steady_clock::now();
    }
    const wall_time up_to = std::min(since.value_or(now), gap_since_.value_or(now));
    if (const std::string problem = covered_.mark(up_to); problem.empty())
        marked_at_ = now;
    else
        log_.warn("backfill: up to when nothing is missing can't be written down", {{"cause", problem}});
}

} // namespace outreachd::outreach
