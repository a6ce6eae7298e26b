#include "daemon/admin/webhooks_json.hpp"

namespace outreachd::admin {

namespace {

void write(json_writer& json, const webhook_status& one) {
    json.begin_object();
    json.member_or_null("id", one.id);
    json.member("resource", one.resource);
    json.member("action", one.action);
    json.member("configured", one.is_configured);
    json.member("active", one.is_active);
    json.member_or_null("disabled_reason", one.disabled_reason);
    json.time_or_null("disabled_since", one.disabled_since);
    json.end_object();
}

} // namespace

void write_webhooks(json_writer& json, const webhooks_status& what) {
    json.begin_object();
    json.time_or_null("looked_at", what.looked_at);
    json.member_or_null("problem", what.problem);
    json.key("list");
    json.begin_array();
    for (const webhook_status& one : what.list)
        write(json, one);
    json.end_array();
    json.member("left_out", what.left_out);
    json.end_object();
}

} // namespace outreachd::admin
