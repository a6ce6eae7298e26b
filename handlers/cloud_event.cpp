#include "handlers/cloud_event.hpp"

#include "daemon/event/ascii.hpp"
#include "daemon/event/json_members.hpp"
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

/// An attribute holds no control character (CloudEvents 1.0.2, 2.1); one becomes U+FFFD.
std::string without_controls(std::string_view text) {
    std::string clean;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
        const bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;
        if (byte >= 0x20 && byte != 0x7F && !is_c1) {
            clean += text[at];
            continue;
        }
        clean += "\xEF\xBF\xBD";
        at += is_c1 ? 1 : 0;
    }
    return clean;
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
    json_members members;
    members.text("specversion", "1.0");
    members.text("id", to_string(subject.id));
    members.text("source", subject.source);
    members.text("type", without_controls(subject.facts.name));
    if (!subject.facts.resource_id.empty())
        members.text("subject", without_controls(subject.facts.resource + "/" + subject.facts.resource_id));
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
