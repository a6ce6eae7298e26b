#include "daemon/outreach_status.hpp"

#include "daemon/backfill_requests.hpp"

#include <utility>

namespace outreachd {

std::optional<admin::webhooks_status> webhooks_status_of(const outreach_links& by) {
    auto look = by.webhooks();
    if (!look)
        return std::nullopt;
    admin::webhooks_status shown{
        .looked_at = look->looked_at, .problem = std::move(look->problem), .left_out = look->left_out};
    for (outreach::seen_webhook& one : look->webhooks)
        shown.list.push_back({std::move(one.id), std::move(one.resource), std::move(one.action),
                              one.is_configured, one.is_active, std::move(one.disabled_reason),
                              one.disabled_since});
    return shown;
}

std::optional<admin::backfill_overview> backfill_overview_of(const outreach_links& by) {
    const auto running = by.backfill();
    if (!running)
        return std::nullopt;
    return admin::backfill_overview{.is_automatic = running->is_automatic(),
                                    .gap_since = running->gap_since(),
                                    .last = backfill_status_of(by)};
}

} // namespace outreachd
