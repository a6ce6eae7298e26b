/// Looks now and then whether Outreach still lets us in, and still sends.
#pragma once

#include "daemon/log/logger.hpp"
#include "daemon/outreach/webhook_ownership.hpp"
#include "daemon/outreach/webhooks_look.hpp"
#include "daemon/store/token_file.hpp"
#include "daemon/thread/wakeable_thread.hpp"
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace outreachd::outreach {

struct watched_webhooks {
    settings::webhooks wanted;
    std::string app{}; ///< As `configured_app` gives it.
};

struct watch_times {
    std::chrono::milliseconds first = std::chrono::seconds{5};
    std::chrono::milliseconds period = std::chrono::minutes{1};
    std::chrono::milliseconds often = std::chrono::seconds{5};
    std::chrono::milliseconds request = std::chrono::seconds{20}; ///< The longest that one may take.
};

/// What else is to be done. On the watch's thread.
struct watch_hooks {
    /// Gets since when a webhook that leads here sends nothing, or is gone; or nothing where all send.
    std::function<void(std::optional<wall_time> since)> on_look{};
    /// Every few seconds.
    std::function<void()> often{};
};

/// A thread that asks for a token, which keeps a refresh token alive, and where webhooks are configured for
/// their state: nothing tells a receiver that its webhook is suspended (contract 3.13). With `repair` it ends
/// a suspension of one that is ours. What somebody has switched off it leaves so.
///
/// Made shared: a thread that hangs in a request is left behind at the stop, and touches nothing but this.
class watch : public std::enable_shared_from_this<watch> {
public:
    /// `log` outlives it, but for a thread that is left behind, which writes nothing more.
    watch(std::shared_ptr<handlers::outreach::access> shared, handlers::outreach::client_hooks hooks,
          std::optional<watched_webhooks> watched, log::logger& log, watch_hooks others = {},
          watch_times times = {});

    /// Makes its thread, which waits for `start`: that can't fail then. Throws std::system_error.
    void make_ready();
    /// Makes it, where that isn't done, and lets it run.
    void start();

    void begin_stop() { thread_.begin_stop(); }

    /// As `wakeable_thread`.
    bool finish_stop(steady_time until) { return thread_.finish_stop(until); }

    void leave_behind() { thread_.leave_behind(); }

    // Any thread.
    /// What somebody should know, and do: a login that is needed, webhooks that are suspended.
    std::vector<std::string> problems() const;
    /// Of the webhooks that lead to us and are wanted.
    std::size_t disabled_webhooks() const;
    /// As of the last look. Nothing where no webhooks are configured.
    std::optional<webhooks_look> webhooks() const;

private:
    /// What a look at the webhooks has shown.
    struct findings {
        std::vector<std::string> problems;
        std::size_t disabled = 0;              ///< Send nothing, and go on so.
        std::optional<wall_time> silent_since; ///< Of those, of those that were mended, and that are gone.
        bool goes_on = false;                  ///< The silence of some.
    };

    void run();
    void look();
    void look_at_webhooks(handlers::outreach::client& by);
    void see_silent(handlers::outreach::client& by, webhook& one, bool is_own, findings& seen);
    ownership read_ownership(const std::vector<webhook>& there, std::vector<std::string>& problems) const;
    std::string repair(handlers::outreach::client& by, const webhook& suspended);
    void tell_silence(std::optional<wall_time> since, bool goes_on);
    void tell(std::vector<std::string> problems, std::size_t disabled);
    void keep(webhooks_look look);
    void note_failed_look(const std::string& why);

    const std::shared_ptr<handlers::outreach::access> shared_;
    const handlers::outreach::client_hooks hooks_;
    const std::optional<watched_webhooks> watched_;
    const store::token_file made_; ///< Which webhooks we have made.
    log::logger& log_;
    const watch_hooks others_;
    const watch_times times_;
    wakeable_thread thread_;
    wall_time all_sent_at_ = wall_now(); ///< The watch thread's own: as of the last look.
    int looks_without_token_ = 0;        ///< The same: in a row, where waiting helps.
    std::set<std::string> have_sent_;    ///< The same: events of which a webhook was seen that sends.

    mutable std::mutex mutex_; ///< Guards all below.
    std::vector<std::string> problems_;
    std::size_t disabled_ = 0;
    std::optional<webhooks_look> look_; ///< Where webhooks are configured.
};

} // namespace outreachd::outreach
