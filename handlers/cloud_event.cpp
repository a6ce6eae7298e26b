#include "handlers/cloud_event.hpp"

#include "daemon/event/cloud_attributes.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/json_members.hpp"
#include "handlers/base64.hpp"
#include "handlers/json_compact.hpp"

#include <algorithm>

namespace outreachd::handlers {

namespace {

/// `application/json`, or a type that ends in `/json` or `+json`, with or without parameters.
bool is_json_type(std::string_view content_type) {
    const std::string type = to_lower(content_type.substr(0, content_type.find_first_of("; \t")));
    return type.ends_with("/json") || type.ends_with("+json");
}

/// A header may hold bytes beyond ASCII, and they needn't be UTF-8; and what is no media type at all.
std::string readable_type(const std::string& content_type) {
    const std::size_t slash = content_type.find('/');
    const bool is_readable =
        slash != std::string::npos && slash > 0 && slash + 1 < content_type.size() &&
        std::all_of(content_type.begin(), content_type.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    return is_readable ? content_type : std::string{};
}

} // namespace

std::string cloud_event(const event& subject) {
    const cloud_attributes attributes = attributes_of(subject);
    json_members members;
    members.text("specversion", cloud_event_version);
    members.text("id", attributes.id);
    members.text("source", attributes.source);
    members.text("type", attributes.type);
    if (!attributes.subject.empty())
        members.text("subject", attributes.subject);
    members.text("time", to_rfc3339(subject.received_at));
    const std::string type = readable_type(subject.content_type);
    if (is_json(subject.body)) {
        // With a type that isn't JSON's, `data` would have to be a string (JSON format, 3.1).
        members.text("datacontenttype", is_json_type(type) ? type : "application/json");
        members.raw("data", subject.body);
    } else {
        members.text("datacontenttype", type.empty() ? "application/octet-stream" : type);
        members.text("data_base64", to_base64(subject.body));
    }
    return std::move(members).finish();
}

} // namespace outreachd::handlers
