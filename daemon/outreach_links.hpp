/// What calls Outreach, as the running configuration has it: handlers' share of it, and the watch.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/outreach/watch.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/registry.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace outreachd {

/// Without a section `outreach` there is nothing of it. The main thread's, but for `problems` and the gauge.
class outreach_links {
public:
    /// Throws std::runtime_error where the configuration can't be used. `figures` and `log` outlive it.
    outreach_links(const settings::settings& configured, metrics::metrics& figures, log::logger& log);
    ~outreach_links();
    outreach_links(const outreach_links&) = delete;
    outreach_links& operator=(const outreach_links&) = delete;

    const handlers::outreach_calls& calls() const noexcept { return calls_; }

    void start();

    /// For a reload: what handlers are to call by, with all that can fail. Changes nothing.
    handlers::outreach_calls calls_of(const settings::settings& next) const;
    /// From now on that, and the watch that belongs to it.
    void use(handlers::outreach_calls calls, const settings::settings& next);

    /// False: a thread is left behind.
    bool stop(steady_time until);

    /// What somebody should know, and no reason to take the host out of service. Any thread.
    std::vector<std::string> problems() const;

private:
    std::shared_ptr<outreach::watch> make_watch() const;
    std::shared_ptr<outreach::watch> watching() const;

    metrics::metrics& figures_;
    log::logger& log_;
    std::optional<settings::outreach> outreach_;
    std::optional<settings::webhooks> webhooks_; ///< Where this host receives.
    std::string directory_;
    handlers::outreach_calls calls_;

    mutable std::mutex mutex_; ///< Of the pointer.
    std::shared_ptr<outreach::watch> watch_;
};

} // namespace outreachd
