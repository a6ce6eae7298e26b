/// The lanes in force, and how a reload changes them.
#include "daemon/dispatch/lane_set.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <system_error>

namespace outreachd::dispatch {

namespace {

/// What a handler that is let go has begun ends as it was configured then, if it can by that time. Longer its
/// other resources don't stand still for it.
constexpr std::chrono::seconds change_patience{10};

template <typename Condition>
void move_if(lane_set::lanes& from, lane_set::lanes& to, Condition fits) {
    const auto moved = std::stable_partition(from.begin(), from.end(), std::not_fn(fits));
    std::move(moved, from.end(), std::back_inserter(to));
    from.erase(moved, from.end());
}

} // namespace

void lane_set::use(std::shared_ptr<const router> routes, std::vector<equipped_handler> handlers) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_)
        return;
    std::vector<place> before = std::exchange(places_, {});
    for (equipped_handler& one : handlers) {
        const std::string name = one.configured.name;
        const auto old = std::ranges::find(before, name, &place::handler);
        const auto& current = old == before.end() ? nullptr : old->waiting ? old->waiting : old->active;
        if (current && current->configured() == one.configured) {
            current->reopen();
            places_.push_back(std::move(*old));
            before.erase(old);
        } else {
            places_.push_back(
                {name, nullptr, std::make_shared<lane>(std::move(one), surroundings_, limits_)});
        }
    }
    dismiss(before);
    surroundings_.routes->replace(std::move(routes)); // those that leave are told to by now
}

/// Tells them to stop. One that never began just goes.
void lane_set::dismiss(std::vector<place>& gone) {
    for (place& one : gone) {
        if (!one.active)
            continue;
        one.active->begin_stop(std::chrono::steady_clock::now() + change_patience);
        const std::size_t running = one.active->running();
        surroundings_.log.info(
            "a handler was changed or removed, and finishes what it runs, or gives it back",
            {{"handler", one.handler}, {"running", running}});
        leaving_.push_back(std::move(one.active));
    }
}

lane_set::lanes lane_set::current() {
    lanes gone; // let go without the lock: a handler may take its time to close what it has open
    const std::lock_guard lock(mutex_);
    move_if(leaving_, ended_, [](const auto& one) { return one->has_ended() && one->finish_stop({}); });
    // The word of its last commit may be under way on the store's writer thread, which mustn't end it.
    move_if(ended_, gone, [](const auto& one) { return one.use_count() == 1; });
    lanes active;
    for (place& one : places_) {
        if (one.waiting && !is_stopping_ && !is_leaving(one.handler))
            begin(one);
        if (one.active)
            active.push_back(one.active);
    }
    return active;
}

/// What waits for it stays in the store where the system has no threads for it: no reason to end.
void lane_set::begin(place& one) {
    try {
        one.waiting->start();
        one.active = std::move(one.waiting);
        one.lacks_threads = false;
        surroundings_.log.info("a handler's workers have started", {{"handler", one.handler}});
    } catch (const std::system_error& refused) {
        if (!std::exchange(one.lacks_threads, true))
            surroundings_.log.error("a handler's workers can't be started, no threads are to be had; trying "
                                    "again. Raise TasksMax= of the service, or lower its concurrency",
                                    {{"handler", one.handler}, {"cause", refused.what()}});
    }
}

bool lane_set::is_unsettled() const {
    const std::lock_guard lock(mutex_);
    return !ended_.empty() || std::ranges::any_of(places_, &place::lacks_threads);
}

bool lane_set::is_leaving(std::string_view handler) const {
    return std::ranges::any_of(leaving_, [&](const auto& one) { return one->name() == handler; });
}

lane_set::lanes lane_set::all() const {
    lanes found = leaving_;
    for (const place& one : places_)
        if (one.active)
            found.push_back(one.active);
    return found;
}

std::size_t lane_set::running(std::string_view handler) const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& one : all())
        if (one->name() == handler)
            count += one->running();
    return count;
}

bool lane_set::is_running(std::string_view handler, sequence at) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(
        all(), [&](const auto& one) { return one->name() == handler && one->is_running(at); });
}

bool lane_set::has(std::string_view handler) const {
    const std::lock_guard lock(mutex_);
    return is_leaving(handler) || std::ranges::find(places_, handler, &place::handler) != places_.end();
}

void lane_set::begin_stop() {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const auto& one : all())
        one->begin_stop(std::chrono::steady_clock::now());
}

bool lane_set::finish_stop(steady_time until) {
    lanes stopping;
    {
        // They stay in their places: the admin port answers for as long as this takes, and would let an
        // operator give up what waits for a handler that seems to be gone.
        const std::lock_guard lock(mutex_);
        stopping = all();
    }
    bool has_finished = true;
    for (const auto& one : stopping) {
        if (one->finish_stop(until))
            continue;
        has_finished = false;
        surroundings_.log.warn("a handler didn't finish in time; its deliveries are given back",
                               {{"handler", one->name()}});
    }
    return has_finished;
}

} // namespace outreachd::dispatch
