#include "daemon/backfill_requests.hpp"

namespace outreachd {

std::string begin_backfill(const outreach_links& by, const admin::backfill_request& wanted) {
    const auto running = by.backfill();
    if (!running)
        return "a backfill needs a host that receives, and a section 'outreach', by which Outreach is asked";
    if (const wall_time known = running->known_from(); !wanted.is_forced && wanted.since < known)
        return "that is further back than the store remembers: events that came before " + to_rfc3339(known) +
               " may have left it ('store.retention'), would be taken for "
               "missing, and be delivered once more; `--force` does it all the same";
    return running->ask(
        {.since = wanted.since, .resources = wanted.resources, .is_dry_run = wanted.is_dry_run});
}

std::optional<admin::backfill_status> backfill_status_of(const outreach_links& by) {
    const auto running = by.backfill();
    const auto now = running ? running->progress() : std::nullopt;
    if (!now)
        return std::nullopt;
    admin::backfill_status shown{.since = now->wish.since,
                                 .is_dry_run = now->wish.is_dry_run,
                                 .started_at = now->started_at,
                                 .finished_at = now->finished_at,
                                 .waits_for = now->waits_for};
    for (const outreach::resource_progress& one : now->resources)
        shown.resources.push_back(
            {one.resource, one.listed, one.missing, one.stored, one.is_done, one.problem});
    for (const outreach::missing_record& one : now->missing)
        shown.missing.push_back({one.resource, one.id, one.updated_at});
    return shown;
}

} // namespace outreachd
