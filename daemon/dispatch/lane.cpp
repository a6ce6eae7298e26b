/// One handler's worker threads, and the deliveries they work on.
#include "daemon/dispatch/lane.hpp"

#include "daemon/dispatch/condition.hpp"
#include "daemon/dispatch/recorded_progress.hpp"
#include "daemon/event/trace_parent.hpp"

#include <algorithm>
#include <system_error>

namespace outreachd::dispatch {

namespace {

/// Before an event is read again that the store couldn't give. No attempt is counted for it.
constexpr std::chrono::seconds read_again_after{1};
constexpr std::chrono::minutes failure_line_interval{1};

} // namespace

lane::lane(equipped_handler equipped, lane_surroundings surroundings, lane_limits limits)
    : configured_(std::move(equipped.configured)), schedule_(configured_.retry),
      target_(std::move(equipped.target)), expressions_(std::move(equipped.expressions)),
      surroundings_(std::move(surroundings)),
      queue_(configured_.ordering == settings::ordering::resource, limits) {}

void lane::start() {
    const std::lock_guard lock(mutex_);
    for (std::uint32_t i = 0; i < configured_.concurrency; ++i) {
        auto fresh = std::make_unique<worker>();
        try {
            // The thread waits for the mutex, so the worker is in its place when it looks. What a handler
            // throws is a failed attempt. Any other exception (there is no memory) ends the process, and is
            // meant to: a delivery taken and never settled would hold up its resource without anybody's
            // knowing. The next start takes it up from the store.
            fresh->thread =
                std::thread([lane = shared_from_this(), &self = *fresh]() noexcept { lane->work(self); });
        } catch (const std::system_error& refused) {
            if (workers_.empty())
                throw;
            surroundings_.log.warn(
                "a handler has fewer workers than configured: no more threads are to be "
                "had; raise TasksMax= of the service, or lower its concurrency",
                {{"handler", configured_.name}, {"workers", workers_.size()}, {"cause", refused.what()}});
            return;
        }
        workers_.push_back(std::move(fresh));
    }
}

void lane::offer(delivery fresh) {
    {
        const std::lock_guard lock(mutex_);
        queue_.offer(std::move(fresh));
    }
    work_.notify_one();
}

bool lane::wants() const {
    const std::lock_guard lock(mutex_);
    return !is_stopping_ && queue_.wanted() != 0;
}

std::optional<lane::load_request> lane::take_load_request() {
    const std::lock_guard lock(mutex_);
    // Whatever it answers, the next worker that misses something asks again.
    has_asked_ = false;
    const std::size_t limit = is_stopping_ ? 0 : queue_.wanted();
    return limit == 0 ? std::nullopt : std::optional<load_request>{{queue_.loaded_up_to(), limit}};
}

void lane::load(std::span<const store::unfinished_delivery> found, bool is_all) {
    using std::chrono::milliseconds;
    // A pause is at most `max` and its jitter, so a later due time comes from a clock that was set.
    const auto pause_max = milliseconds{static_cast<milliseconds::rep>(
        static_cast<double>(configured_.retry.max.count()) * (1 + configured_.retry.jitter))};
    {
        const std::lock_guard lock(mutex_);
        queue_.load(found, is_all, {std::chrono::steady_clock::now(), wall_now(), pause_max});
    }
    work_.notify_all();
}

void lane::fall_behind() {
    const std::lock_guard lock(mutex_);
    queue_.fall_behind();
}

void lane::rescan() {
    const std::lock_guard lock(mutex_);
    queue_.rescan();
}

std::size_t lane::running() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        workers_, [](const auto& one) { return one->phase != phase::idle && one->phase != phase::ended; }));
}

bool lane::is_running(sequence at) const {
    const std::lock_guard lock(mutex_);
    return queue_.is_taken(at);
}

bool lane::has_ended() const {
    const std::lock_guard lock(mutex_);
    return std::ranges::all_of(workers_, [](const auto& one) { return one->phase == phase::ended; });
}

void lane::begin_stop(steady_time give_back_from) {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    work_.notify_all();
    target_->wind_down(give_back_from);
}

bool lane::finish_stop(steady_time until) {
    std::vector<std::thread> to_join;
    std::vector<std::thread> to_leave;
    {
        std::unique_lock lock(mutex_);
        const auto all = [this](auto fits) { return std::ranges::all_of(workers_, fits); };
        phase_changed_.wait_until(
            lock, until, [&] { return all([](const auto& one) { return one->phase == phase::ended; }); });
        is_abandoned_ = true;
        for (const auto& one : workers_)
            one->committed.notify_all();
        phase_changed_.wait(lock, [&] {
            return all(
                [](const auto& one) { return one->phase == phase::ended || one->phase == phase::running; });
        });
        for (const auto& one : workers_)
            (one->phase == phase::ended ? to_join : to_leave).push_back(std::move(one->thread));
    }
    if (!to_leave.empty())
        target_->abandon();
    for (auto& thread : to_join)
        thread.join();
    for (auto& thread : to_leave)
        thread.detach();
    return to_leave.empty();
}

void lane::work(worker& self) {
    while (auto next = take(self))
        run(self, std::move(*next));
    const std::lock_guard lock(mutex_);
    self.phase = phase::ended;
    phase_changed_.notify_all();
    if (!is_abandoned_)
        surroundings_.feeder_inbox->nudge(); // another lane may wait for the end of this one
}

std::optional<delivery> lane::take(worker& self) {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        if (waits_until_ > std::chrono::steady_clock::now()) {
            work_.wait_until(lock, waits_until_);
            continue;
        }
        auto next = queue_.take(std::chrono::steady_clock::now());
        if (!has_asked_ && queue_.wanted() != 0) {
            has_asked_ = true;
            surroundings_.feeder_inbox->nudge();
        }
        if (next) {
            self.phase = phase::running;
            // Another takes over the watch: for what is ready, and for the next retry's time.
            if (queue_.ready() > 0 || queue_.retrying() > 0)
                work_.notify_one();
            return next;
        }
        if (const auto due = queue_.next_due())
            work_.wait_until(lock, *due);
        else
            work_.wait(lock);
    }
    return std::nullopt;
}

void lane::run(worker& self, delivery what) {
    if (!what.subject) {
        auto stored = surroundings_.events->read(what.at);
        const error_code ec = stored ? error_code{} : stored.error();
        if (ec == errc::damaged || (!ec && !stored->subject))
            return settle(self, what, without_attempt(what, store::delivery_state::dead, damaged_reason));
        // A store that goes on in a fresh file and hasn't carried the event over yet is unavailable;
        // so an event that isn't found won't come back, and mustn't hold up its resource.
        if (ec == errc::not_found)
            return settle(self, what, without_attempt(what, store::delivery_state::dead, gone_reason));
        if (ec || !may_begin())
            return put_back(self, what);
        what.subject = std::move(stored->subject);
    }
    auto judged = judge_conditional(self, what);
    // The programs may have taken seconds, and the routes may be those of a reload that stops this lane.
    if (what.is_conditional && !may_begin())
        return put_back(self, what);
    if (!judged)
        judged = attempt(self, what);
    settle(self, what, std::move(*judged));
}

/// The verdict where the routes don't send it here; nothing where they do.
std::optional<verdict> lane::judge_conditional(worker& self, const delivery& what) const {
    if (!what.is_conditional)
        return std::nullopt;
    const event& subject = *what.subject;
    const auto programs = surroundings_.routes->get()->conditions_of(subject.facts.name, configured_.name);
    if (!programs)
        return std::nullopt;
    if (programs->empty()) // by a reload or a restart, since it was routed here
        return without_attempt(what, store::delivery_state::dead, no_route_reason);
    auto said = judge_conditions(*programs, subject, expressions_.get());
    if (said.said == condition_verdict::kind::wanted)
        return std::nullopt;
    if (said.said == condition_verdict::kind::unwanted)
        return without_attempt(what, store::delivery_state::unrouted,
                               subject.facts.name == unknown_event_name ? unparsable_reason : "");
    if (!said.is_transient)
        return without_attempt(what, store::delivery_state::dead, std::move(said.problem));
    attempt_times now;
    now.started_at = now.ended_at = wall_now();
    auto judged = judge(what, configured_.name, outcome::retry(std::move(said.problem)), now, schedule_,
                        std::uniform_real_distribution<double>(0, 1)(self.random));
    judged.record.is_undecided = true;
    return judged;
}

/// False once the lane stops: a read may have taken long, and nothing is begun after that.
bool lane::may_begin() const {
    const std::lock_guard lock(mutex_);
    return !is_stopping_;
}

verdict lane::attempt(worker& self, const delivery& what) {
    attempt_times times;
    times.started_at = wall_now();
    const auto started = std::chrono::steady_clock::now();
    recorded_progress steps(*this, self, what.at);
    auto said =
        run_attempt(*target_, {what.subject, delivery_id(what.subject->id, configured_.name, what.replay),
                               what.attempts + 1, started + configured_.timeout, &steps});
    times.took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
    times.ended_at = wall_now();
    auto judged = judge(what, configured_.name, std::move(said), times, schedule_,
                        std::uniform_real_distribution<double>(0, 1)(self.random));
    judged.record.has_steps = steps.is_used();
    return judged;
}

/// At its end without an attempt, since there is nothing to hand over.
verdict lane::without_attempt(const delivery& what, store::delivery_state state, std::string reason) const {
    verdict judged;
    judged.record.sequence = what.at;
    judged.record.handler = configured_.name;
    judged.record.state = state;
    judged.record.attempts = what.attempts;
    judged.record.started_at = wall_now();
    judged.record.reason = std::move(reason);
    judged.record.is_undecided = what.is_conditional;
    return judged;
}

void lane::settle(worker& self, delivery what, verdict judged) {
    {
        const std::lock_guard lock(mutex_);
        if (is_abandoned_)
            return;
        self.phase = phase::closing;
        self.is_committed = false;
    }
    if (!judged.record.is_wait)
        report(what, judged.record);
    else if (!judged.record.is_given_back)
        note_wait(judged.record, *judged.pause);
    what.attempts = judged.record.attempts;
    what.is_conditional = judged.record.is_undecided;
    what.subject.reset();
    surroundings_.store.settle(std::move(judged.record),
                               [lane = shared_from_this(), &self, what, pause = judged.pause] {
                                   lane->note_committed(self, what, pause);
                               });

    std::unique_lock lock(mutex_);
    self.phase = phase::waiting;
    phase_changed_.notify_all();
    self.committed.wait(lock, [&] { return self.is_committed || is_abandoned_; });
    self.phase = phase::idle;
    work_.notify_one();
}

/// On the thread of the commit, so that a later one that makes the delivery pending again finds it settled.
void lane::note_committed(worker& self, const delivery& what,
                          std::optional<std::chrono::milliseconds> pause) {
    const std::lock_guard lock(mutex_);
    if (pause)
        queue_.retry(what, std::chrono::steady_clock::now() + *pause);
    else
        queue_.finish(what);
    self.is_committed = true;
    self.committed.notify_all();
}

void lane::put_back(worker& self, const delivery& what) {
    const std::lock_guard lock(mutex_);
    self.phase = phase::idle;
    queue_.retry(what, std::chrono::steady_clock::now() + read_again_after);
    work_.notify_one();
}

/// One line for the whole lane: what waits is no failure of single deliveries.
void lane::note_wait(const store::settlement& record, std::chrono::milliseconds pause) {
    const auto until = std::chrono::steady_clock::now() + pause;
    const std::lock_guard lock(mutex_);
    const bool is_news = waits_until_ <= std::chrono::steady_clock::now();
    waits_until_ = std::max(waits_until_, until);
    if (is_news)
        surroundings_.log.info(
            "a handler's deliveries wait",
            {{"handler", configured_.name}, {"seconds", pause.count() / 1000}, {"reason", record.reason}});
}

void lane::report(const delivery& what, const store::settlement& record) {
    if (record.state == store::delivery_state::unrouted)
        return surroundings_.log.debug("no 'where' sends the event to this handler",
                                       {{"event_id", to_string(what.subject->id)},
                                        {"handler", record.handler},
                                        {"sequence", record.sequence}});
    const std::string_view state = store::to_string(record.state);
    surroundings_.metrics.count_delivery(record.handler, state);
    surroundings_.metrics.observe_delivery(record.handler, record.took);

    note_health(record);
    const bool is_dead = record.state == store::delivery_state::dead;
    const auto level = is_dead ? log::level::warn : log::level::debug;
    if (!surroundings_.log.is_enabled(level)) // its ids cost a digest
        return;

    std::string event_id;
    std::string trace_id;
    std::string delivery;
    std::string_view source;
    if (what.subject) {
        event_id = to_string(what.subject->id);
        trace_id = trace_id_of(*what.subject);
        delivery = to_string(delivery_id(what.subject->id, record.handler, what.replay));
        source = what.subject->source;
    }
    surroundings_.log.write(level, is_dead ? "delivery is dead" : "delivery attempted",
                            {{"event_id", event_id},
                             {"trace_id", trace_id},
                             {"source", source},
                             {"delivery_id", delivery},
                             {"handler", record.handler},
                             {"sequence", record.sequence},
                             {"outcome", state},
                             {"attempts", record.attempts},
                             {"took_us", record.took.count()},
                             {"reason", record.reason}});
}

/// One line when a handler begins to fail, one a minute while it goes on, one when it works again.
void lane::note_health(const store::settlement& record) {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (record.state == store::delivery_state::retry) {
        ++failures_;
        if (now < next_failure_line_)
            return;
        surroundings_.log.warn(
            "a handler fails, its deliveries are tried again",
            {{"handler", configured_.name}, {"failures", failures_}, {"last_reason", record.reason}});
        next_failure_line_ = now + failure_line_interval;
    } else if (record.state == store::delivery_state::done && failures_ > 0 && now >= next_failure_line_) {
        surroundings_.log.info("a handler works again",
                               {{"handler", configured_.name}, {"failures", failures_}});
        failures_ = 0;
        next_failure_line_ = {};
    }
}

} // namespace outreachd::dispatch
