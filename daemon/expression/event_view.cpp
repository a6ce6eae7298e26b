#include "daemon/expression/event_view.hpp"

#include <boost/json/serialize.hpp>

namespace outreachd::expression {

namespace {

/// Writes the members of one object. What isn't known is null.
class object_writer {
public:
    void text(std::string_view key, std::string_view value) {
        json_ += json_.empty() ? "{\"" : ",\"";
        json_ += key;
        json_ += "\":";
        json_ += value.empty() ? "null" : boost::json::serialize(value);
    }

    std::string finish() && { return std::move(json_) + "}"; }

private:
    std::string json_;
};

} // namespace

view view_of(const event& of) {
    object_writer event;
    event.text("id", to_string(of.id));
    event.text("name", of.facts.name);
    event.text("resource", of.facts.resource);
    event.text("action", of.facts.action);
    event.text("resource_id", of.facts.resource_id);
    event.text("job_id", of.facts.job_id);
    event.text("received_at", to_rfc3339(of.received_at));
    event.text("delivered_at", of.facts.delivered_at ? to_rfc3339(*of.facts.delivered_at) : "");
    event.text("endpoint", of.endpoint);
    event.text("source", of.source);
    return {.body = of.body, .event = std::move(event).finish()};
}

} // namespace outreachd::expression
