/// What there was of our webhooks when somebody looked, for people to read.
#pragma once

#include "daemon/event/timestamp.hpp"
#include "daemon/outreach/webhook.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::outreach {

/// One that leads here, or should. What Outreach says is cut where it is long, and fit for a terminal.
struct seen_webhook {
    std::string id; ///< Empty: Outreach has none such.
    std::string resource;
    std::string action;
    bool is_configured = false; ///< `webhooks.subscribe` names it.
    bool is_active = false;
    std::string disabled_reason{}; ///< Empty: it isn't suspended.
    std::optional<wall_time> disabled_since{};

    bool sends() const noexcept { return !id.empty() && is_active && disabled_reason.empty(); }
};

struct webhooks_look {
    std::optional<wall_time> looked_at{};
    std::string problem{};                ///< Why nothing newer is known. Empty: nothing stands in the way.
    std::vector<seen_webhook> webhooks{}; ///< Those that don't send first; at most a hundred.
    std::size_t left_out = 0;             ///< So many more there are.
};

/// `there`: as Outreach lists them, those with other URLs too. Nothing secret is taken over. Pure.
webhooks_look look_at(const std::vector<webhook>& there, const settings::webhooks& configured, wall_time now);

} // namespace outreachd::outreach
