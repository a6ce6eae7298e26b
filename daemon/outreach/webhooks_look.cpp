#include "daemon/outreach/webhooks_look.hpp"

#include "handlers/outreach/json_api.hpp"

#include <algorithm>

namespace outreachd::outreach {

namespace {

using handlers::outreach::presentable;

constexpr std::size_t shown_max = 100;
constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t disabled_reason_bytes_max = 500;

seen_webhook seen(const webhook& one, bool is_configured) {
    return {.id = presentable(one.id, name_bytes_max),
            .resource = presentable(one.resource, name_bytes_max),
            .action = presentable(one.action, name_bytes_max),
            .is_configured = is_configured,
            .is_active = one.is_active,
            .disabled_reason = presentable(one.disabled_reason, disabled_reason_bytes_max),
            .disabled_since = parse_timestamp(one.disabled_since)};
}

} // namespace

webhooks_look look_at(const std::vector<webhook>& there, const settings::webhooks& configured,
                      wall_time now) {
    webhooks_look look{.looked_at = now};
    const auto wanted = wanted_webhooks(configured);
    for (const wanted_webhook& each : wanted) {
        const std::size_t before = look.webhooks.size();
        for (const webhook& one : there)
            if (is_for(one, each))
                look.webhooks.push_back(seen(one, true));
        if (look.webhooks.size() == before)
            look.webhooks.push_back(
                {.id = {}, .resource = each.resource, .action = each.action, .is_configured = true});
    }
    for (const webhook& one : there)
        if (one.url == configured.url &&
            std::ranges::none_of(wanted, [&](const wanted_webhook& each) { return is_for(one, each); }))
            look.webhooks.push_back(seen(one, false));
    std::stable_partition(look.webhooks.begin(), look.webhooks.end(),
                          [](const seen_webhook& one) { return !one.sends(); });
    if (look.webhooks.size() > shown_max) {
        look.left_out = look.webhooks.size() - shown_max;
        look.webhooks.resize(shown_max);
    }
    return look;
}

} // namespace outreachd::outreach
