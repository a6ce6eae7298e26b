#include "daemon/expression/event_view.hpp"

#include "daemon/text/json_members.hpp"

namespace outreachd::expression {

view view_of(const event& of) {
    json_members event;
    const auto add = [&event](std::string_view key, const std::string& value) {
        if (value.empty()) // what isn't known
            event.raw(key, "null");
        else
            event.text(key, value);
    };
    add("id", to_string(of.id));
    add("name", of.facts.name);
    add("resource", of.facts.resource);
    add("action", of.facts.action);
    add("resource_id", of.facts.resource_id);
    add("job_id", of.facts.job_id);
    add("received_at", to_rfc3339(of.received_at));
    add("delivered_at", of.facts.delivered_at ? to_rfc3339(*of.facts.delivered_at) : "");
    add("endpoint", of.endpoint);
    add("source", of.source);
    return {.body = of.body, .event = std::move(event).finish()};
}

} // namespace outreachd::expression
