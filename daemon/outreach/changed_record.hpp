/// Records at Outreach that have changed, as its REST API lists them, and the events they become.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/settings/settings.hpp"
#include "handlers/outreach/api_answer.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::outreach {

struct changed_record {
    std::string resource; ///< As in event names.
    std::string id;
    wall_time updated_at{};
    std::optional<wall_time> created_at{};
    std::string_view text; ///< The resource object, exactly as it came.
};

/// Nothing where the object has no type, id or `updatedAt`. Points into `text`.
std::optional<changed_record> read_changed_record(std::string_view text);

/// What the API calls all records of a resource (contract 6): `task` has `tasks`, `opportunity`
/// `opportunities`, `emailAddress` `emailAddresses`.
std::string collection_of(std::string_view resource);

/// The records of a resource that were changed from `since` on, the earliest change first, not counted
/// (contract 6.5, 6.11, 6.16).
handlers::outreach::api_request changes_request(std::string_view resource, wall_time since);

/// In the shape of a webhook's delivery, and marked: `meta.backfilled` is true. The same record in the same
/// state gives the same bytes. `since`: what was created from then on is `created`, the rest `updated`.
std::string backfilled_body(const changed_record& of, wall_time since);

/// The resources that are looked at where nobody names any: those of which webhooks are wanted. A `*` there
/// is all that are known to have some (contract 4).
std::vector<std::string> resources_of(const settings::backfill& configured,
                                      const std::optional<settings::webhooks>& webhooks);

} // namespace outreachd::outreach
