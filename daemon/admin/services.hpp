/// What the admin server asks of the rest of the daemon.
#pragma once

#include "daemon/admin/backfill_json.hpp"
#include "daemon/admin/status_json.hpp"
#include "daemon/event/timestamp.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/store/quarantine.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::admin {

/// Filled by the application; all of it outlives the server. The functions run on the admin thread,
/// where nothing else is said, and must not block: it is the one that answers when all else hangs.
struct services {
    store::store& events;
    store::quarantine& doubtful;
    metrics::metrics& figures;
    /// What only another start mends, in words.
    std::function<std::optional<std::string>()> failure;
    /// Why the daemon isn't ready, in words; none where it is.
    std::function<std::vector<std::string>()> unready_reasons;
    /// What is wrong although the daemon does its part, such as a receiver without a broker: it goes on
    /// receiving, and must not be taken out of service for that.
    std::function<std::vector<std::string>()> troubles;
    /// The links to a broker; nothing with the embedded queue.
    std::function<std::optional<broker_status>()> broker;
    /// As of the last look at Outreach; nothing where none are configured.
    std::function<std::optional<webhooks_status>()> webhooks;
    /// Deliveries of a handler that run now.
    std::function<std::uint64_t(std::string_view handler)> running;
    /// Whether a delivery runs now. Any thread.
    std::function<bool(std::string_view handler, store::sequence at)> is_running;
    /// Whether a handler is configured, or was and hasn't finished yet. Any thread.
    std::function<bool(std::string_view handler)> has_handler;
    /// Where the routes in force send an event. Any thread.
    std::function<store::routing(const store::stored_event&)> route;
    /// Offers what is in quarantine to the secrets in force; `heard` is called after that, as the
    /// quarantine's `recheck` does. Any thread.
    std::function<void(std::function<void(bool are_all_heard)> heard)> recheck;
    /// Begins a backfill: empty, or why it doesn't.
    std::function<std::string(const backfill_request& wanted)> begin_backfill;
    /// The one that is under way, or was the last; nothing where there was none.
    std::function<std::optional<backfill_status>()> backfill;
    /// With whether a gap is known; nothing where none can run.
    std::function<std::optional<backfill_overview>()> backfill_state;
    /// As configured now; a reload changes them.
    std::function<std::vector<std::string>()> handler_names;
    /// The configuration in force as JSON (configuration_json.hpp); a reload changes it.
    std::function<std::shared_ptr<const std::string>()> configuration;
    std::vector<std::string> roles;
    wall_time started_at{};
};

} // namespace outreachd::admin
