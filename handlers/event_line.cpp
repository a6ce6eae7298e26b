/// One delivery as one line of JSON.
#include "handlers/event_line.hpp"

#include "handlers/base64.hpp"
#include "handlers/json_compact.hpp"

#include <boost/json/serialize.hpp>

#include <string_view>

namespace outreachd::handlers {

namespace {

/// Written member by member, because the body goes in as it came: read into values and written
/// again, a number of 30 digits would be another one.
class line_writer {
public:
    void text(std::string_view key, std::string_view value) { raw(key, boost::json::serialize(value)); }

    void raw(std::string_view key, std::string_view json) {
        line_ += line_.empty() ? "{\"" : ",\"";
        line_ += key;
        line_ += "\":";
        line_ += json;
    }

    std::string finish() && {
        line_ += "}\n";
        return std::move(line_);
    }

private:
    std::string line_;
};

} // namespace

std::string event_line(const event& subject, const event_id& delivery) {
    line_writer line;
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
    return std::move(line).finish();
}

} // namespace outreachd::handlers
