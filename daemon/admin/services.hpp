/// What the admin server asks of the rest of the daemon.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/store/store.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::admin {

/// Filled by the application; all of it outlives the server. The functions run on the admin thread and
/// must not block: it is the one that answers when all else hangs.
struct services {
    store::store& events;
    metrics::metrics& figures;
    /// Whether the I/O threads answer.
    std::function<bool()> is_live;
    /// Why the daemon isn't ready, in words; none where it is.
    std::function<std::vector<std::string>()> unready_reasons;
    /// Deliveries of a handler that run now.
    std::function<std::uint64_t(std::string_view handler)> running;
    /// As configured now; a reload changes them.
    std::function<std::vector<std::string>()> handler_names;
    /// Requests in quarantine.
    std::function<std::uint64_t()> quarantined;
    std::vector<std::string> roles;
    wall_time started_at{};
};

} // namespace outreachd::admin
