/// The browser's part of a login: OAuth's authorization code flow (contract 7.1, 7.2) with PKCE (RFC 7636).
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/settings/settings.hpp"

#include <string>
#include <string_view>

namespace outreachd::handlers::outreach {

/// One login that somebody has been sent off to.
struct begun_login {
    std::string url;          ///< For the browser. Holds no secret of ours.
    std::string redirect_uri; ///< Where the browser comes back to.
    std::string state;        ///< Comes back with it, so that nobody else's code is taken.
    secret verifier;          ///< For `exchange_code`.
};

/// `redirect_uri`: as registered with Outreach, or of the listener on loopback.
begun_login begin_login(const settings::oauth_access& access, std::string redirect_uri);

struct finished_login {
    secret code{};
    std::string problem{}; ///< Why there is no code, in words. Empty: there is.
    /// Who came wasn't sent by this login, which goes on: ours may still come.
    bool is_stranger = false;
};

/// `target` is what the browser asks for on its way back: `/callback?code=…&state=…`.
finished_login read_redirect(const begun_login& login, std::string_view target);

} // namespace outreachd::handlers::outreach
