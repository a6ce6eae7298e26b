/// What runs, as JSON (deploy/openapi.yaml, `status`).
#pragma once

#include "daemon/admin/backfill_json.hpp"
#include "daemon/admin/webhooks_json.hpp"
#include "daemon/event/timestamp.hpp"
#include "daemon/store/records.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outreachd::admin {

/// A host's link to a broker, as `status` shows it: what it sends.
struct relay_status {
    bool is_connected = false;
    std::string node;
    std::uint64_t in_flight = 0;
    std::uint64_t published = 0;
    std::uint64_t refused = 0;
};

/// And what it takes in.
struct intake_status {
    bool is_connected = false;
    std::string node;
    std::vector<std::uint32_t> work_queues; ///< By their numbers.
    std::uint64_t taken = 0;
    std::uint64_t repeats = 0;
};

struct broker_status {
    std::optional<relay_status> relay;
    std::optional<intake_status> intake;
};

/// All that `status` shows, as of one moment.
struct status {
    wall_time started_at{};
    std::vector<std::string> roles;
    std::vector<std::string> unready_reasons;
    std::vector<std::string> troubles;         ///< What is wrong although the host is ready.
    std::uint64_t outbox = 0;                  ///< Events that wait for a broker.
    std::optional<broker_status> broker;       ///< With `queue.type: amqp`.
    std::optional<webhooks_status> webhooks;   ///< Where they are configured.
    std::optional<backfill_overview> backfill; ///< Where one can run.
    std::uint64_t quarantined = 0;
    std::uint64_t unrouted = 0;
    std::vector<std::string> handler_names;   ///< As configured.
    std::vector<store::handler_depth> depths; ///< May name handlers that are no longer configured.
    std::function<std::uint64_t(std::string_view handler)> running;
};

std::string to_json(const status& what, wall_time now);

} // namespace outreachd::admin
