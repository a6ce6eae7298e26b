/// What the admin API asks of the backfill.
#pragma once

#include "daemon/admin/backfill_json.hpp"
#include "daemon/outreach_links.hpp"

#include <optional>
#include <string>

namespace outreachd {

/// Empty: it begins. Or why it doesn't. Any thread.
std::string begin_backfill(const outreach_links& by, const admin::backfill_request& wanted);

/// Nothing where there was none yet. Any thread.
std::optional<admin::backfill_status> backfill_status_of(const outreach_links& by);

} // namespace outreachd
