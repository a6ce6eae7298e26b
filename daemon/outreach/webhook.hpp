/// Webhooks at Outreach, and those that there should be (contract 5).
#pragma once

#include "daemon/crypto/secret.hpp"
#include "daemon/settings/settings.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::outreach {

/// As Outreach has it.
struct webhook {
    std::string id;
    std::string url;
    std::string resource;
    std::string action;
    bool is_active = true;
    std::int64_t payload_version = 1;
    std::string disabled_reason; ///< Empty: it isn't suspended.
    std::string disabled_since;
    std::string creator_app; ///< Client id; empty where Outreach doesn't tell (contract 5.3, 5.10).
    std::optional<std::string> secret_shown; ///< What it signs with, where Outreach shows that.
    secret cleanup_token;
    friend bool operator==(const webhook&, const webhook&) = default;

    /// `task.completed`
    std::string event() const { return resource + "." + action; }
};

/// Nothing where `resource` isn't a webhook's resource object.
std::optional<webhook> read_webhook(const boost::json::value& resource);

/// As the configuration wants it.
struct wanted_webhook {
    std::string url;
    std::string resource;
    std::string action;
    std::int64_t payload_version = 2;

    std::string event() const { return resource + "." + action; }
};

std::vector<wanted_webhook> wanted_webhooks(const settings::webhooks& configured);

/// Sends the same to the same URL.
bool is_for(const webhook& one, const wanted_webhook& wanted);

} // namespace outreachd::outreach
