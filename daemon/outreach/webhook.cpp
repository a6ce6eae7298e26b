#include "daemon/outreach/webhook.hpp"

#include "handlers/outreach/json_api.hpp"

namespace outreachd::outreach {

namespace {

namespace json = boost::json;
using handlers::outreach::find_member;
using handlers::outreach::find_text;

std::string attribute(const json::value& of, std::string_view name) {
    return std::string{find_text(of, {"attributes", name})};
}

} // namespace

std::optional<webhook> read_webhook(const json::value& resource) {
    webhook read;
    read.id = handlers::outreach::resource_id(resource);
    if (read.id.empty() || find_text(resource, {"type"}) != "webhook")
        return std::nullopt;
    read.url = attribute(resource, "url");
    read.resource = attribute(resource, "resource");
    read.action = attribute(resource, "action");
    // Both default to everything (contract 4.2).
    if (read.resource.empty())
        read.resource = "*";
    if (read.action.empty())
        read.action = "*";
    if (const json::value* const active = find_member(resource, {"attributes", "active"});
        active && active->is_bool())
        read.is_active = active->get_bool();
    if (const json::value* const version = find_member(resource, {"attributes", "payloadVersion"});
        version && version->is_int64())
        read.payload_version = version->get_int64();
    read.disabled_reason = attribute(resource, "disabledReason");
    read.disabled_since = attribute(resource, "disabledSince");
    read.creator_app = attribute(resource, "creatorAppId");
    // Missing or null says nothing (contract 5.10).
    if (std::string shown = attribute(resource, "secret"); !shown.empty())
        read.secret_shown = std::move(shown);
    read.cleanup_token = secret{attribute(resource, "cleanupToken")};
    return read;
}

std::vector<wanted_webhook> wanted_webhooks(const settings::webhooks& configured) {
    std::vector<wanted_webhook> wanted;
    for (const std::string& event : configured.subscribe) {
        const auto dot = event.find('.');
        wanted.push_back({configured.url, event.substr(0, dot), event.substr(dot + 1),
                          static_cast<std::int64_t>(configured.payload_version)});
    }
    return wanted;
}

bool is_for(const webhook& one, const wanted_webhook& wanted) {
    return one.url == wanted.url && one.resource == wanted.resource && one.action == wanted.action;
}

} // namespace outreachd::outreach
