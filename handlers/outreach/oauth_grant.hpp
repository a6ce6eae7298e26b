/// One conversation with OAuth's token endpoint (contract 7.3 to 7.10).
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/http_transport.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::handlers::outreach {

/// What the endpoint gave.
struct grant {
    secret access_token;
    secret refresh_token; ///< Empty: none came, and the old one is good still.
    std::chrono::seconds life{0};
    std::vector<std::string> scopes;
};

struct grant_reply {
    enum class kind {
        granted,
        refused, ///< For good: what was sent will never do. Somebody has to log in, or mend the
                 ///< configuration.
        later,   ///< Nothing was given and nothing taken; `wait` has passed first.
        lost,    ///< It may have been given, and then the answer was lost.
    };

    kind what = kind::later;
    grant given{};
    std::string why{};         ///< In words, without a token; empty where granted.
    bool is_of_client = false; ///< Where refused: the client, whose refresh token may be good.
    /// What the endpoint asks for; nothing: the caller's own backoff.
    std::optional<std::chrono::milliseconds> wait{};
};

/// Asks for new tokens. Blocks up to `deadline`. Any thread; who calls sees to it that it is one at a time.
grant_reply refresh_grant(http_transport& transport, const settings::oauth_access& access,
                          const std::string& redirect_uri, const secret& refresh_token, steady_time deadline);

/// Exchanges the code that the browser came back with. `verifier`: of PKCE (RFC 7636).
struct code_exchange {
    secret code;
    secret verifier;
    std::string redirect_uri;
};

grant_reply exchange_code(http_transport& transport, const settings::oauth_access& access,
                          const code_exchange& exchanged, steady_time deadline);

} // namespace outreachd::handlers::outreach
