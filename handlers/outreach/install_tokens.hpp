/// Server to server: access tokens of an install of our app (contract 7.19 to 7.25).
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/store/token_file.hpp"
#include "handlers/http_transport.hpp"
#include "handlers/outreach/app_key.hpp"
#include "handlers/outreach/held_token.hpp"
#include "handlers/outreach/token_source.hpp"

#include <mutex>
#include <optional>
#include <string>

namespace outreachd::handlers::outreach {

/// Asks for an access token with a token that the app signs itself, and keeps it in the file, so that
/// the commands of this host use the daemon's. Where the file can't be used each process asks for its own:
/// nothing is lost with such a token.
class install_tokens final : public renewed_token {
public:
    /// Throws std::runtime_error where the key can't be used. `file` and `transport` outlive it.
    install_tokens(settings::s2s_access access, std::string base_url, store::token_file& file,
                   http_transport& transport, wall_clock now = wall_now);

    struct setup_reply {
        std::string install{};       ///< Its id. Empty: there is none, and
        std::string problem{};       ///< why, in words.
        bool is_unreachable = false; ///< Nothing was sent, as nobody was there.
    };

    /// Exchanges the token that the app's set-up URL was called with, good for 15 minutes, for the install's
    /// id, and remembers it.
    setup_reply set_up(const secret& setup_token, steady_time deadline);

private:
    token_reply obtain(const secret& rejected, steady_time deadline) override;
    store::token_record adopt(store::token_record stored) const override;
    token_reply renew_unlocked(store::token_record& record);
    bool take_token(const http_answer& answer, store::token_record& record, wall_time asked_at);
    token_reply take_refusal(const http_answer& answer, store::token_record& record, wall_time asked_at);
    token_reply take_failure(const http_answer& answer, store::token_record& record, wall_time asked_at);
    http_answer ask(const std::string& path, steady_time deadline);

    const settings::s2s_access access_;
    const std::string base_url_;
    const app_key key_;
    http_transport& transport_;
    std::mutex asking_;           ///< One thread asks; also where there is no file to lock.
    store::token_record unfiled_; ///< What the file would hold. Guarded by `asking_`.
    int failures_ = 0;            ///< The same.
};

/// What happened to an install of our app, and when: who comes later with something older changes nothing.
struct install_fact {
    std::string guid;
    std::string install;
    wall_time at;
};

/// Writes down the id of an install that was learnt (`install.created`, `auth install`). An earlier one's
/// token goes. Empty, or why it couldn't be written.
std::string remember_install(store::token_file& file, const install_fact& made, steady_time deadline);

/// The install was deleted: its token goes, and is asked for no more. Nothing where another one has taken its
/// place. As above.
std::string forget_install(store::token_file& file, const install_fact& deleted, steady_time deadline);

/// Up to when the file knows what happened to the app's installs. Nothing: nobody has looked yet.
std::optional<wall_time> installs_seen_to(const store::token_file& file, const std::string& guid);

/// Nothing else happened to them up to `at`. Another app's tokens stay as they are. As above.
std::string note_installs_seen(store::token_file& file, const std::string& guid, wall_time at,
                               steady_time deadline);

/// Where the org's own API is, as the reply to the token says: `link` if it is https below `outreach.io`,
/// or where `base_url` is on loopback loopback too; else empty. Without a slash at its end.
std::string own_api_base(const std::string& link, const std::string& base_url);

} // namespace outreachd::handlers::outreach
