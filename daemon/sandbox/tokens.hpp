/// Who has been granted what: codes, access tokens, refresh tokens (contract section 7).
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/sandbox/options.hpp"
#include "daemon/sandbox/scopes.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace outreachd::sandbox {

/// Whose a token is.
struct holder {
    std::optional<std::int64_t> user; ///< Nothing: an app's, by server to server.
    std::string app;                  ///< Client id, or GUID.
    scope_set scopes;

    /// What the hourly limit is counted by.
    std::string account() const { return user ? "user " + std::to_string(*user) : "app " + app; }
};

/// What an authorization code stands for until it is exchanged.
struct consent {
    holder whose;
    std::string redirect_uri;
    std::string challenge; ///< PKCE, S256. Empty: none.
};

/// What the token endpoint gives.
struct grant {
    std::string access_token;
    std::string refresh_token;
    holder whose;
};

/// All that is granted, in memory. One thread.
class tokens {
public:
    static constexpr std::size_t refresh_tokens_max = 100; ///< Of one user and app (contract 7.7).

    explicit tokens(const options& configured);

    /// A code, good once.
    std::string add_consent(consent given);
    /// As long as it lives. It is used up by `forget`.
    const consent* find_consent(std::string_view code) const;
    void forget(std::string_view code);

    /// Whose it is, while it lives.
    const holder* find_refresh(std::string_view refresh_token) const;
    /// Whether the last grant is too short a time ago.
    bool is_too_soon() const;
    /// `rotated`: the refresh token that it was asked for with; empty where there was a code.
    grant make_grant(const holder& whose, std::string_view rotated);

    /// A token of an app's own.
    std::string add_app_token(const holder& whose);
    /// Nothing where it is unknown or has expired.
    const holder* find_access(std::string_view access_token) const;

    /// From now on none of those that are out is good any more.
    void expire_access();
    void expire_refresh();

private:
    template <typename What>
    struct until {
        What what;
        wall_time end;
    };

    void add_refresh(const std::string& token, const holder& whose);

    const options& configured_;
    std::map<std::string, until<consent>, std::less<>> codes_;
    std::map<std::string, until<holder>, std::less<>> access_;
    std::map<std::string, until<holder>, std::less<>> refresh_;
    std::deque<std::string> refresh_order_; ///< Oldest first; some may be gone already.
    std::optional<steady_time> last_grant_;
};

} // namespace outreachd::sandbox
