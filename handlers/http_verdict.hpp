/// What an answer means for a delivery (config/reference.md).
#pragma once

#include "daemon/event/outcome.hpp"
#include "daemon/event/timestamp.hpp"
#include "handlers/http_transport.hpp"

#include <string>

namespace outreachd::handlers {

/// Whether another attempt may be answered otherwise. 407 is a proxy's word, not the receiver's: a failure on
/// the way there.
bool may_pass(int status);

/// 2xx is done; 408, 425, 429, 5xx, and an answer that isn't whole, are tried again, after the wait that
/// `Retry-After`, or for 429 `X-RateLimit-Reset`, asks for; any other status is dead, a redirect too.
/// `what` begins the reason: `POST https://host/path`. `hides_path`: a redirect may repeat the path, so the
/// reason shows its origin alone. Pure; any thread.
outcome judge_answer(http_answer answer, const std::string& what, wall_time now, bool hides_path = false);

} // namespace outreachd::handlers
