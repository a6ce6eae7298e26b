/// Requests in quarantine as JSON.
#include "daemon/admin/quarantine_json.hpp"

#include "daemon/admin/event_json.hpp"
#include "daemon/admin/json_writer.hpp"

namespace outreachd::admin {

namespace {

void write_members(json_writer& json, const store::quarantine::entry& of) {
    json.member("id", std::to_string(of.number));
    json.member("received_at", to_rfc3339(of.request.received_at));
    json.member("endpoint", of.request.endpoint);
    json.member("reason", "the signature fits no secret of the endpoint");
    json.member("size", static_cast<std::uint64_t>(of.bytes));
    json.member_or_null("peer", of.request.peer);
}

} // namespace

std::string to_json(const std::vector<store::quarantine::entry>& requests) {
    json_writer json;
    json.begin_array();
    for (const auto& each : requests) {
        json.begin_object();
        write_members(json, each);
        json.end_object();
    }
    json.end_array();
    return std::move(json).take();
}

std::string to_json(const store::quarantine::entry& request) {
    json_writer json;
    json.begin_object();
    write_members(json, request);
    json.member_or_null("content_type", request.request.content_type);
    json.member_or_null("outreach_event_id", request.request.outreach_event_id);
    write_headers(json, request.request.headers);
    write_body(json, request.request.body);
    json.end_object();
    return std::move(json).take();
}

} // namespace outreachd::admin
