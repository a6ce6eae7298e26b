/// One handler's worker threads, and the deliveries they work on.
#pragma once

#include "daemon/dispatch/delivery_store.hpp"
#include "daemon/dispatch/event_source.hpp"
#include "daemon/dispatch/inbox.hpp"
#include "daemon/dispatch/lane_queue.hpp"
#include "daemon/dispatch/router.hpp"
#include "daemon/dispatch/run_delivery.hpp"
#include "daemon/expression/engine.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/thread/replaceable.hpp"
#include "handlers/handler.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace outreachd::dispatch {

/// What all lanes share; each has a copy. What it refers to outlives them, but for a lane that a hung
/// handler's thread still holds.
struct lane_surroundings {
    delivery_store& store;
    std::shared_ptr<event_source> events;
    std::shared_ptr<inbox> feeder_inbox; ///< Nudged when there is room for a load, and when workers end.
    std::shared_ptr<replaceable<router>> routes;
    log::logger& log;
    metrics::metrics& metrics;
};

/// A handler of the configuration, made.
struct equipped_handler {
    settings::handler configured;
    std::unique_ptr<handlers::handler> target;
    std::shared_ptr<expression::engine> expressions = nullptr; ///< The target's own, for `where`.
};

/// Why a delivery is dead whose event the store no longer has.
inline constexpr const char* gone_reason = "the event is gone from the store: its record was lost or removed";

/// Why one is dead that a 'where' was to judge.
inline constexpr const char* no_route_reason =
    "no route leads to this handler any more, so no 'where' says whether the event is for it";

/// Runs a handler's deliveries on `concurrency` threads of its own: one that hangs holds no other
/// handler's. A worker waits for its settlement's commit before it takes the next delivery, so that
/// at most the deliveries that ran are repeated after a crash (guarantee G7).
///
/// Made shared: threads that were given up on keep it alive, and after `stop` they touch nothing of
/// its surroundings.
class lane : public std::enable_shared_from_this<lane> {
public:
    lane(equipped_handler equipped, lane_surroundings surroundings, lane_limits limits = {});

    /// Fewer workers than configured where the system refuses threads. Throws std::system_error where it
    /// refuses the first: it may be called again.
    void start();

    // The feeder's side.
    void offer(delivery fresh);

    struct load_request {
        sequence after;
        std::size_t limit;
    };

    /// Whether deliveries are to be loaded.
    bool wants() const;
    /// Which; whoever takes it loads them, and workers that miss something from now on ask again.
    std::optional<load_request> take_load_request();
    void load(std::span<const store::unfinished_delivery> found, bool is_all);
    /// The store has deliveries that aren't offered.
    void fall_behind();
    /// The store has got deliveries behind those loaded: load all again.
    void rescan();

    const settings::handler& configured() const { return configured_; }

    const std::string& name() const { return configured_.name; }

    /// Deliveries taken and not yet settled. Any thread.
    std::size_t running() const;

    void reopen() { target_->reopen(); }

    /// Whether `at` is one of those.
    bool is_running(sequence at) const;

    /// Workers take nothing new, and give back from `give_back_from` on what takes several steps. Doesn't
    /// block.
    void begin_stop(steady_time give_back_from);
    /// After `begin_stop`: nothing of it runs any more, and all that it ran is settled.
    bool has_ended() const;
    /// Waits for the workers until `until`, then gives up on those still in their handler: what they
    /// run stays pending in the store, and their threads are detached. Returns whether all ended.
    bool finish_stop(steady_time until);

private:
    class recorded_progress;

    enum class phase {
        idle,    ///< Waits for a delivery.
        running, ///< In the handler, or reading the event: for as long as that takes.
        closing, ///< Hands in its settlement: short.
        waiting, ///< For the settlement's commit.
        ended,
    };

    struct worker {
        std::thread thread;
        enum phase phase = phase::idle;
        bool is_committed = false;
        std::condition_variable committed;
        std::minstd_rand random{std::random_device{}()}; ///< Its own thread's.
    };

    void work(worker& self);
    std::optional<delivery> take(worker& self);
    void run(worker& self, delivery what);
    bool may_begin() const;
    verdict attempt(worker& self, const delivery& what);
    std::optional<verdict> judge_conditional(worker& self, const delivery& what) const;
    verdict without_attempt(const delivery& what, store::delivery_state state, std::string reason) const;
    void settle(worker& self, delivery what, verdict judged);
    void note_committed(worker& self, const delivery& what, std::optional<std::chrono::milliseconds> pause);
    void report(const delivery& what, const store::settlement& record);
    void note_health(const store::settlement& record);
    void put_back(worker& self, const delivery& what);
    void record_step(worker& self, store::step_record what);
    void note_wait(const store::settlement& record, std::chrono::milliseconds pause);

    const settings::handler configured_;
    const retry_schedule schedule_;
    const std::unique_ptr<handlers::handler> target_;
    const std::shared_ptr<expression::engine> expressions_;
    const lane_surroundings surroundings_;

    mutable std::mutex mutex_; ///< Guards all below.
    std::condition_variable work_;
    std::condition_variable phase_changed_;
    lane_queue queue_;
    std::vector<std::unique_ptr<worker>> workers_;
    bool is_stopping_ = false;
    bool is_abandoned_ = false;  ///< The surroundings may be gone.
    steady_time waits_until_;    ///< What nobody may begin before then.
    bool has_asked_ = false;     ///< For a load, since the feeder last looked.
    std::uint64_t failures_ = 0; ///< Since it worked, for the log.
    steady_time next_failure_line_;
};

} // namespace outreachd::dispatch
