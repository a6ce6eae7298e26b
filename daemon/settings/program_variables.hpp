/// The environment variables that a program of the `exec` handler gets from the daemon.
#pragma once

#include <string_view>

namespace outreachd::settings {

/// Of the daemon's own environment these and no other, since it may hold secrets.
inline constexpr std::string_view passed_on_variables[] = {"PATH", "HOME", "LANG", "TZ", "TMPDIR"};

/// What the delivery is about. `env` can't set them.
inline constexpr std::string_view delivery_variables[] = {
    "OUTREACHD_EVENT_ID",          "OUTREACHD_EVENT_NAME",
    "OUTREACHD_EVENT_RESOURCE",    "OUTREACHD_EVENT_ACTION",
    "OUTREACHD_EVENT_RESOURCE_ID", "OUTREACHD_EVENT_JOB_ID",
    "OUTREACHD_EVENT_RECEIVED_AT", "OUTREACHD_EVENT_DELIVERED_AT",
    "OUTREACHD_EVENT_ENDPOINT",    "OUTREACHD_EVENT_SOURCE",
    "OUTREACHD_DELIVERY_ID",       "OUTREACHD_ATTEMPT",
    "OUTREACHD_HANDLER",           "TRACEPARENT"};

} // namespace outreachd::settings
