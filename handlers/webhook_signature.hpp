/// Signatures by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), symmetric scheme.
#pragma once

#include "daemon/crypto/hmac.hpp"
#include "daemon/event/event.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace outreachd::handlers {

/// `webhook-id`, `webhook-timestamp` (of the attempt, in seconds) and `webhook-signature`: `v1,` and the
/// base64 of HMAC-SHA256 over `id.timestamp.body`. `id` holds no dot. Any thread.
std::vector<header> sign_webhook(const hmac_key& key, std::string_view id, wall_time at,
                                 std::string_view body);

} // namespace outreachd::handlers
