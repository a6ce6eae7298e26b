/// What gives access to Outreach (contract 7), and how a file holds it.
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/event/timestamp.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::store {

/// A webhook that we have made at Outreach.
struct made_webhook {
    std::string id;           ///< Empty: it was asked for, and no answer is written down.
    std::string secret_print; ///< Fingerprint of what it was told to sign with.
    secret cleanup_token;     ///< Removes it even after our access was revoked (contract 5.12).
    std::string begun{};      ///< Without an id: what was asked for, in words of who did.
    friend bool operator==(const made_webhook&, const made_webhook&) = default;
};

/// Everything may be empty. Fingerprints are made by who writes them and only compared here.
struct token_record {
    std::string client;       ///< Fingerprint of whom the tokens were given to.
    std::string first_token;  ///< Fingerprint of the configured refresh token that these came from.
    std::string redirect_uri; ///< Of the login; a refresh has to name it again.
    secret refresh_token;
    secret access_token;
    std::vector<std::string> scopes;
    std::optional<wall_time> obtained_at; ///< Of the access token.
    std::optional<wall_time> expires_at;
    std::optional<wall_time> granted_at;       ///< When a grant was last asked for.
    std::optional<wall_time> no_grant_before;  ///< Outreach gives one a minute.
    std::optional<wall_time> refreshing_since; ///< A refresh was begun, and its end never written down.
    std::string refusal;                       ///< Why no grant can come of what is here, in words.
    std::string refused;                       ///< Fingerprint of what was refused.
    std::optional<wall_time> refused_at;
    std::string install; ///< S2S: the learnt id.
    /// S2S: what happened up to then to the app's installs is in here. A time, or an event's place in the
    /// store, which is one; the microsecond counts.
    std::optional<wall_time> installs_seen_to;
    std::string api_base; ///< S2S: where the org's own API is.
    std::string app{};    ///< Ours, as Outreach named it of a webhook that we made.
    std::vector<made_webhook> webhooks;
    friend bool operator==(const token_record&, const token_record&) = default;
};

/// As the file holds it.
std::string to_json(const token_record& record);
/// Nothing where `text` is no record; `why` says so without a word of it.
std::optional<token_record> read_token_record(std::string_view text, std::string& why);

} // namespace outreachd::store
