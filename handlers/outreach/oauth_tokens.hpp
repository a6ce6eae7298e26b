/// A user's consent, kept alive by a refresh token that rotates (contract 7.4 to 7.11).
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/store/token_file.hpp"
#include "handlers/http_transport.hpp"
#include "handlers/outreach/held_token.hpp"
#include "handlers/outreach/oauth_grant.hpp"
#include "handlers/outreach/token_source.hpp"

#include <atomic>
#include <optional>

namespace outreachd::handlers::outreach {

/// One refresh serves all threads of all processes on this host: who holds the file's lock asks, the others
/// find the new token in the file. What was given is on the disk before it is used. Some minutes before a
/// token ends one thread renews it while the others go on with it.
///
/// A token endpoint that refuses for good is remembered, and not asked again until somebody logs in or the
/// configuration changes. Refresh tokens die after two weeks without use: call `get` now and then.
class oauth_tokens final : public renewed_token {
public:
    /// `file` and `transport` outlive it.
    oauth_tokens(settings::oauth_access access, store::token_file& file, http_transport& transport,
                 wall_clock now = wall_now);

    bool is_renewing() const noexcept override { return is_renewing_; }

private:
    /// What was given, and couldn't be written down yet.
    struct unsaved_grant {
        store::token_record record;
        secret replaced; ///< The refresh token that it was given for.
    };

    token_reply obtain(const secret& rejected, steady_time deadline) override;
    store::token_record adopt(store::token_record stored) const override;
    token_reply renew_locked(const store::token_file::guard& held, store::token_record record);
    token_reply take_grant(const store::token_file::guard& held, store::token_record record,
                           const grant& given);
    token_reply save_unsaved(const store::token_file::guard& held);
    token_reply take_failure(const store::token_file::guard& held, store::token_record record,
                             const grant_reply& reply, const std::optional<wall_time>& begun_before);
    std::chrono::milliseconds next_backoff();

    const settings::oauth_access access_;
    http_transport& transport_;
    std::atomic<bool> is_renewing_ = false; ///< Set by who holds the file's lock.
    // Guarded by the file's lock.
    std::optional<unsaved_grant> unsaved_;
    int failures_ = 0;
};

/// The record as this configuration reads it: what was given to another client, or came from a refresh token
/// that the configuration has replaced, counts no more. Pure.
store::token_record adopt(store::token_record stored, const settings::oauth_access& access);

/// What `auth login` writes down: from now on these tokens, whatever the configuration's first one was.
/// Empty, or why it couldn't be written.
std::string save_login(store::token_file& file, const settings::oauth_access& access,
                       const std::string& redirect_uri, const grant& given, steady_time deadline,
                       wall_time now);

} // namespace outreachd::handlers::outreach
