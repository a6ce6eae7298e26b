/// A backfill, as `/api/backfill` shows it, and `/api/status` in short.
#pragma once

#include "daemon/admin/json_writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::admin {

struct backfill_request {
    wall_time since{};
    std::vector<std::string> resources{}; ///< As in event names. Empty: as configured.
    bool is_dry_run = false;
    bool is_forced = false; ///< Also further back than the store remembers.
};

struct backfilled_resource {
    std::string resource;
    std::uint64_t listed = 0;  ///< Records that have changed.
    std::uint64_t missing = 0; ///< Of which no event told.
    std::uint64_t stored = 0;  ///< As events.
    bool is_done = false;
    std::string problem;
};

struct backfill_gap {
    std::string resource;
    std::string id;
    wall_time updated_at{};
};

/// Of the one that is under way, or was the last.
struct backfill_status {
    wall_time since{};
    bool is_dry_run = false;
    wall_time started_at{};
    std::optional<wall_time> finished_at{};
    std::string waits_for{}; ///< What it waits for now, in words.
    std::vector<backfilled_resource> resources{};
    std::vector<backfill_gap> missing{}; ///< The first thousand of those.
};

std::string to_json(const std::optional<backfill_status>& what);

/// Whether something has to be fetched, and how the last run went.
struct backfill_overview {
    bool is_automatic = false;
    std::optional<wall_time> gap_since{}; ///< Since when something may be missing. Nothing: no gap is known.
    std::optional<backfill_status> last{};
};

/// Without the list of what is missing, which may be long.
void write_backfill(json_writer& json, const backfill_overview& what);

} // namespace outreachd::admin
