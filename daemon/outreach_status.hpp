/// What `/api/status` tells of Outreach.
#pragma once

#include "daemon/admin/backfill_json.hpp"
#include "daemon/admin/webhooks_json.hpp"
#include "daemon/outreach_links.hpp"

#include <optional>

namespace outreachd {

/// Nothing where no webhooks are configured, or the host doesn't receive. Any thread.
std::optional<admin::webhooks_status> webhooks_status_of(const outreach_links& by);

/// Nothing where none can run. Any thread.
std::optional<admin::backfill_overview> backfill_overview_of(const outreach_links& by);

} // namespace outreachd
