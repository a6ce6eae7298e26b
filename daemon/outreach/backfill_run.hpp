/// One backfill: lists what has changed, finds what the store was never told of, and stores that.
#pragma once

#include "daemon/outreach/known_changes.hpp"
#include "daemon/outreach/poll_pace.hpp"
#include "handlers/outreach/access.hpp"
#include "handlers/outreach/client.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::outreach {

struct backfill_wish {
    wall_time since{};
    std::vector<std::string> resources{}; ///< As in event names.
    bool is_dry_run = false;              ///< Only finds out what is missing.
    wall_time asked_at = wall_now();      ///< By which a run is known again.
};

struct missing_record {
    std::string resource;
    std::string id;
    wall_time updated_at{};
};

struct resource_progress {
    std::string resource;
    std::uint64_t listed = 0;  ///< Records that have changed.
    std::uint64_t missing = 0; ///< Of which no event told.
    std::uint64_t stored = 0;  ///< As events.
    bool is_done = false;
    std::string problem{}; ///< Why it isn't; `is_for_good`: and won't be.
    bool is_for_good = false;
    bool is_listable = true; ///< False: Outreach has no such list.
};

struct backfill_progress {
    backfill_wish wish;
    wall_time started_at{};
    std::optional<wall_time> finished_at{};
    std::vector<resource_progress> resources{};
    std::vector<missing_record> missing{}; ///< The first thousand.
    std::string waits_for{};               ///< What it waits for now, in words; empty where it doesn't.

    /// All of it was looked at.
    bool is_complete() const;
};

/// Where it is asked, and where it is stored. All outlives the run.
struct backfill_sources {
    std::shared_ptr<handlers::outreach::access> shared;
    handlers::outreach::client_hooks hooks;
    store::store& events;
};

/// Whose events they seem to be.
struct backfill_target {
    std::string endpoint;
    std::string source;
    std::chrono::milliseconds repeat_window{};
    std::chrono::milliseconds kept_for{}; ///< Any event: beyond it nobody knows what came.
    friend bool operator==(const backfill_target&, const backfill_target&) = default;
};

struct backfill_run_times {
    std::chrono::milliseconds request = std::chrono::seconds{60};
    /// An event of what has just changed may be on its way.
    std::chrono::milliseconds settle = std::chrono::seconds{30};
    std::chrono::milliseconds append = std::chrono::seconds{60};
};

/// Runs to its end, or until `pause` is false. `tell` gets each step of the way. Blocks: on requests, on the
/// hourly limit, of which it leaves half to others, and on commits. Sends and reads only; what is stored is
/// stored once, since the same state of a record gives the same bytes.
backfill_progress run_backfill(const backfill_sources& from, const backfill_target& to,
                               const backfill_wish& wish, const pause_for& pause,
                               const std::function<void(const backfill_progress&)>& tell,
                               backfill_run_times times = {});

} // namespace outreachd::outreach
