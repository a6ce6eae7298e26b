/// Whose a webhook at Outreach is: one with our URL may be somebody else's, and isn't touched then.
#pragma once

#include "daemon/outreach/webhook.hpp"
#include "daemon/store/token_record.hpp"

#include <string>
#include <vector>

namespace outreachd::outreach {

/// The file beside the tokens in which it is written down what was made, as `store::token_file` names it.
inline constexpr const char* made_webhooks_file = "outreach-webhooks";

/// Whose webhooks may be touched.
struct ownership {
    std::string app{};                       ///< Ours, as `creatorAppId` has it; empty: unknown.
    std::vector<store::made_webhook> made{}; ///< Those that this host knows to have made.
    bool includes_others = false;            ///< Also those with our URL that somebody else made.
};

/// The one of that id; null where this host doesn't know to have made it.
const store::made_webhook* find_made(const ownership& whose, const std::string& id);

/// We know that we made it, or Outreach says that our app did, on whatever host.
bool is_known_for_ours(const webhook& one, const ownership& whose);

/// The same, or it may be touched whoever made it.
bool is_ours(const webhook& one, const ownership& whose);

/// The app's id that the configuration has: the client id of OAuth. Empty with other access.
std::string configured_app(const settings::outreach& how);

/// `app`: the configured one. Where that is empty it is the one that Outreach told of a webhook we made.
ownership ownership_of(const std::string& app, store::token_record known, bool includes_others = false);

/// How a create is noted before it is asked for.
std::string begun_text(const std::string& event, const std::string& url);

/// Settles creates whose answer never came, since it was lost or the process died: the oldest webhook in
/// `there` that is what was asked for, and isn't known to be another app's, is the one, since there was none
/// when it was asked for. Where there is none, it wasn't made. `app`: as above. Pure.
void settle_begun(store::token_record& known, const std::vector<webhook>& there, const std::string& app);

/// By id: ids grow with time.
bool is_older(const webhook& one, const webhook& other);

} // namespace outreachd::outreach
