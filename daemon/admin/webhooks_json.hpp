/// The webhooks at Outreach that lead here, as `/api/status` shows them.
#pragma once

#include "daemon/admin/json_writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::admin {

/// One that leads here, or should.
struct webhook_status {
    std::string id; ///< Empty: Outreach has none such.
    std::string resource;
    std::string action;
    bool is_configured = false;
    bool is_active = false;
    std::string disabled_reason{}; ///< Empty: it isn't suspended.
    std::optional<wall_time> disabled_since{};
};

struct webhooks_status {
    std::optional<wall_time> looked_at{}; ///< Nothing: not yet.
    std::string problem{};                ///< Why nothing newer is known. Empty: it is the newest.
    std::vector<webhook_status> list{};
    std::uint64_t left_out = 0;
};

void write_webhooks(json_writer& json, const webhooks_status& what);

} // namespace outreachd::admin
