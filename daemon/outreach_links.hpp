/// What calls Outreach, as the running configuration has it: handlers' share of it, the watch, and the
/// backfill.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/outreach/backfill.hpp"
#include "daemon/outreach/install_follower.hpp"
#include "daemon/outreach/watch.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/store.hpp"
#include "handlers/registry.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace outreachd {

/// Without a section `outreach` there is nothing of it. The main thread's, but where it says otherwise.
class outreach_links {
public:
    /// Throws std::runtime_error where the configuration can't be used. `events`, `figures` and `log` outlive
    /// it.
    outreach_links(const settings::settings& configured, store::store& events, metrics::metrics& figures,
                   log::logger& log);
    ~outreach_links();
    outreach_links(const outreach_links&) = delete;
    outreach_links& operator=(const outreach_links&) = delete;

    class prepared;

    const handlers::outreach_calls& calls() const noexcept { return calls_; }

    /// Throws std::system_error for want of threads.
    void start();

    /// For a reload: all that can fail. Changes nothing. `next` has the roles and the store of the start:
    /// those stay until a restart. Throws as the constructor and `start`.
    prepared prepare(const settings::settings& next) const;
    /// From now on that, and the watch and the backfill that belong to it.
    void use(prepared next);

    /// Asks for the end of its threads. Doesn't block.
    void begin_stop();
    /// Waits for them up to `until`, and up to `renewed_until` for one that renews a token: an answer that
    /// nobody waits for can cost a login. False: a thread is left behind.
    bool finish_stop(steady_time until, steady_time renewed_until);

    // Any thread.
    /// What somebody should know, and no reason to take the host out of service.
    std::vector<std::string> problems() const;
    /// As the watch saw them last. Nothing where none are configured, or the host doesn't receive.
    std::optional<outreach::webhooks_look> webhooks() const;
    /// Null where the host doesn't receive, or has no way to Outreach.
    std::shared_ptr<outreach::backfill> backfill() const;

private:
    /// What of the configuration the threads are made of.
    struct plan {
        std::optional<settings::outreach> outreach;
        std::optional<settings::webhooks> webhooks; ///< Where this host receives.
        settings::backfill backfill;
        std::optional<outreach::backfill_target> target; ///< Where this host receives.
        std::set<std::string> proven; ///< The paths of endpoints that take nothing unsigned.
        friend bool operator==(const plan&, const plan&) = default;
    };

    /// Null where there is nothing of it.
    struct threads {
        std::shared_ptr<outreach::watch> watch;
        std::shared_ptr<outreach::backfill> backfill;
        std::shared_ptr<handlers::outreach::access> shared; ///< What those two ask by.

        /// All or none. Throws std::system_error.
        void make_ready() const;
        void start() const;
        void begin_stop() const;
        bool stop(steady_time until) const;
        bool is_renewing() const;
        void leave_behind() const;
    };

    plan plan_of(const settings::settings& from) const;
    handlers::outreach_calls calls_of(const plan& from) const;
    threads make_threads(const plan& from, const handlers::outreach_calls& calls) const;
    threads running() const;

    store::store& events_;
    metrics::metrics& figures_;
    log::logger& log_;
    std::string directory_;
    std::chrono::milliseconds repeat_window_;
    plan plan_;
    handlers::outreach_calls calls_;
    std::vector<threads> replaced_; ///< By a reload, and in a request still.

    mutable std::mutex mutex_; ///< Of the pointers.
    threads threads_;
};

/// What a reload is to use. Its threads are there and wait for `use`; without it they end with this.
class outreach_links::prepared {
public:
    ~prepared();
    prepared(prepared&& other) noexcept = default;
    prepared& operator=(prepared&&) = delete;
    prepared(const prepared&) = delete;
    prepared& operator=(const prepared&) = delete;

    /// What handlers are to call by.
    const handlers::outreach_calls& calls() const noexcept { return calls_; }

private:
    friend class outreach_links;

    prepared(plan made, handlers::outreach_calls calls) : plan_(std::move(made)), calls_(std::move(calls)) {}

    plan plan_;
    handlers::outreach_calls calls_;
    std::optional<threads> fresh_; ///< Nothing: those that run go on.
};

} // namespace outreachd
