/// One delivery as one line of JSON.
#include "handlers/event_line.hpp"

#include "daemon/text/json_members.hpp"
#include "handlers/base64.hpp"
#include "handlers/json_compact.hpp"

namespace outreachd::handlers {

std::string event_line(const event& subject, const event_id& delivery) {
    json_members line;
    line.text("id", to_string(subject.id));
    line.text("name", subject.facts.name);
    line.text("resource", subject.facts.resource);
    line.text("action", subject.facts.action);
    line.text("resource_id", subject.facts.resource_id);
    line.text("received_at", to_rfc3339(subject.received_at));
    if (subject.facts.delivered_at)
        line.text("delivered_at", to_rfc3339(*subject.facts.delivered_at));
    else
        line.raw("delivered_at", "null");
    line.text("endpoint", subject.endpoint);
    line.text("source", subject.source);
    line.text("delivery_id", to_string(delivery));
    if (const auto compact = json_compact(subject.body))
        line.raw("body", *compact);
    else
        line.text("body_base64", to_base64(subject.body));
    return std::move(line).finish() + "\n";
}

} // namespace outreachd::handlers
