/// What the commands that call Outreach have in common: the configuration's part, the login, and patience.
#pragma once

#include "daemon/command_line/interrupt.hpp"
#include "daemon/command_line/streams.hpp"
#include "daemon/settings/load_settings.hpp"
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"
#include "handlers/outreach/page_walk.hpp"

#include <memory>
#include <optional>
#include <string>

namespace outreachd::command_line {

/// One command's way to Outreach. It waits as long as the hourly limit or a token asks for, says so on `err`
/// where that is more than a second, and ends at Ctrl-C. One thread.
class outreach_session {
public:
    /// `exit_code` is why there is none, and has been said on `err`.
    struct opening {
        std::unique_ptr<outreach_session> session;
        int exit_code = 0;
    };

    /// Loads a part of the configuration with `outreach` and `store` in it; a secret that can't be read is an
    /// error there. Sends nothing.
    static opening open(const std::string& config_path, const streams& to,
                        settings::scope part = settings::scope::outreach);

    /// Blocks as long as it takes; `later` only where it was interrupted.
    handlers::outreach::api_answer send(const handlers::outreach::api_request& request);

    /// The next page, the same way; nothing behind the last one.
    std::optional<handlers::outreach::api_answer> next(handlers::outreach::page_walk& pages);

    /// One attempt, without waiting for anybody.
    handlers::outreach::api_answer send_once(const handlers::outreach::api_request& request);

    /// How a command ends whose request did.
    static int exit_code_of(handlers::outreach::api_answer::kind failed_as) noexcept;

    /// Says on `err` what failed, and gives the exit code. What a request came to is said of one that was
    /// interrupted, too: it may have been done.
    int report(const handlers::outreach::api_answer& failed) const;

    handlers::outreach::access& access() noexcept { return *access_; }

    /// Waits in `send_patiently` as `send` does.
    handlers::outreach::client& client() noexcept { return *client_; }

    const settings::outreach& configured() const noexcept { return *settings_.outreach; }

    /// The part that was loaded.
    const settings::settings& loaded() const noexcept { return settings_; }

    /// Where the tokens are kept.
    std::string token_path() const;

private:
    outreach_session(settings::settings loaded, const streams& to);

    /// Whether the wait is over; false where it was interrupted.
    bool wait_for(const handlers::outreach::api_answer& said) const;
    /// Why tokens can't be kept, which no waiting mends. Empty: they can.
    std::string find_token_problem();

    const settings::settings settings_; ///< With `outreach`: the loader requires it.
    const streams to_;
    interrupt_watch watch_;
    std::unique_ptr<handlers::outreach::access> access_;
    std::unique_ptr<handlers::outreach::client> client_;
};

} // namespace outreachd::command_line
