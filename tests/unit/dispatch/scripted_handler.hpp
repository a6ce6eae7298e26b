/// A handler that does what a test says, and remembers what it was given.
#pragma once

#include "daemon/dispatch/dispatcher.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace outreachd::dispatch::test {

/// Closed until it is opened; whoever waits meanwhile is held.
class gate {
public:
    ~gate() { open(); }

    void open() {
        {
            const std::lock_guard lock(mutex_);
            is_open_ = true;
        }
        changed_.notify_all();
    }

    bool is_open() const {
        const std::lock_guard lock(mutex_);
        return is_open_;
    }

    void pass() {
        std::unique_lock lock(mutex_);
        ++arrived_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return is_open_; });
        ++left_;
        changed_.notify_all();
    }

    /// False after 20 s.
    bool wait_for_arrivals(std::size_t count) {
        return wait([&] { return arrived_ >= count; });
    }

    bool wait_for_departures(std::size_t count) {
        return wait([&] { return left_ >= count; });
    }

private:
    template <typename Predicate>
    bool wait(Predicate fits) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{20}, fits);
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
    std::size_t arrived_ = 0;
    std::size_t left_ = 0;
};

/// What handlers were given, in the order in which they were. Outlives them.
class run_log {
public:
    struct run {
        std::string resource_id;
        event_id event{};
        event_id delivery{};
        std::uint32_t number = 0;
        std::size_t body_bytes = 0;
    };

    void begin(const handlers::attempt& what) {
        const std::lock_guard lock(mutex_);
        const auto& id = what.subject->facts.resource_id;
        runs_.push_back({id, what.subject->id, what.delivery, what.number, what.subject->body.size()});
        if (++active_[id] > 1 && !id.empty())
            has_overlap_ = true;
    }

    void end(const handlers::attempt& what) {
        const std::lock_guard lock(mutex_);
        --active_[what.subject->facts.resource_id];
    }

    std::vector<run> runs() const {
        const std::lock_guard lock(mutex_);
        return runs_;
    }

    /// Two deliveries of one resource ran at once.
    bool has_overlap() const {
        const std::lock_guard lock(mutex_);
        return has_overlap_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<run> runs_;
    std::map<std::string, int> active_;
    bool has_overlap_ = false;
};

class scripted_handler final : public handlers::handler {
public:
    using script = std::function<outcome(const handlers::attempt&)>;

    /// `when_wound_down` may be empty.
    scripted_handler(std::shared_ptr<run_log> runs, script play,
                     std::function<void(steady_time)> when_wound_down = {})
        : runs_(std::move(runs)), play_(std::move(play)), when_wound_down_(std::move(when_wound_down)) {}

    outcome handle(const handlers::attempt& what) override {
        runs_->begin(what);

        struct at_end {
            run_log& runs;
            const handlers::attempt& what;

            ~at_end() { runs.end(what); }
        } const ends{*runs_, what};

        return play_(what);
    }

    void wind_down(steady_time from) override {
        if (when_wound_down_)
            when_wound_down_(from);
    }

private:
    const std::shared_ptr<run_log> runs_;
    const script play_;
    const std::function<void(steady_time)> when_wound_down_;
};

} // namespace outreachd::dispatch::test
