/// What runs, as JSON (design section 10, `status`).
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/store/records.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::admin {

/// All that `status` shows, as of one moment.
struct status {
    wall_time started_at{};
    std::vector<std::string> roles;
    std::vector<std::string> unready_reasons;
    std::uint64_t outbox = 0; ///< Events that wait for a broker.
    std::uint64_t quarantined = 0;
    std::uint64_t unrouted = 0;
    std::vector<std::string> handler_names;   ///< As configured.
    std::vector<store::handler_depth> depths; ///< May name handlers that are no longer configured.
    std::function<std::uint64_t(std::string_view handler)> running;
};

std::string to_json(const status& what, wall_time now);

} // namespace outreachd::admin
