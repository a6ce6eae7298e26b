/// Events and deliveries as JSON.
#include "daemon/admin/event_json.hpp"

#include "daemon/text/utf8.hpp"
#include "handlers/base64.hpp"

namespace outreachd::admin {

namespace {

void write_delivery_members(json_writer& json, const store::event_record& event,
                            const store::delivery_record& delivery, bool with_answer) {
    const bool is_dead = delivery.state == store::delivery_state::dead;
    json.member("id", outreachd::to_string(delivery.delivery));
    json.member("event_id", outreachd::to_string(event.id));
    json.member_or_null("handler", delivery.handler);
    json.member("name", event.facts.name);
    json.member_or_null("resource", event.facts.resource);
    json.member_or_null("resource_id", event.facts.resource_id);
    json.member("state", delivery.is_running ? "running" : store::to_string(delivery.state));
    json.member("attempts", delivery.attempts);
    json.time_or_null("next_attempt_at", delivery.next_attempt_at);
    json.member_or_null("reason", delivery.reason);
    json.time_or_null("died_at", is_dead ? delivery.finished_at : std::nullopt);
    if (with_answer) {
        json.time_or_null("finished_at", delivery.finished_at);
        json.member_or_null("last_answer", delivery.last_answer);
    }
}

void write_delivery(json_writer& json, const store::event_record& event,
                    const store::delivery_record& delivery, bool with_answer) {
    json.begin_object();
    write_delivery_members(json, event, delivery, with_answer);
    json.end_object();
}

/// The members that an event has wherever it is shown, up to and including `deliveries`.
void write_event_members(json_writer& json, const store::event_record& event, bool with_answers) {
    json.member("id", outreachd::to_string(event.id));
    json.member("name", event.facts.name);
    json.member_or_null("resource", event.facts.resource);
    json.member_or_null("action", event.facts.action);
    json.member_or_null("resource_id", event.facts.resource_id);
    json.member("received_at", to_rfc3339(event.received_at));
    json.time_or_null("delivered_at", event.facts.delivered_at);
    json.member("endpoint", event.endpoint);
    json.member("source", event.source);
    json.member("state", store::to_string(event.state));
    if (event.queued) {
        json.time_or_null("published_at", event.queued->confirmed_at);
        json.member_or_null("unpublished_reason", event.queued->reason);
    }
    json.key("deliveries");
    json.begin_array();
    for (const store::delivery_record& each : event.deliveries) {
        // An event without a route is kept as a row of its own; it is no delivery to anyone.
        if (each.state != store::delivery_state::unrouted)
            write_delivery(json, event, each, with_answers);
    }
    json.end_array();
}

void write_attempt(json_writer& json, const store::attempt_record& attempt) {
    json.begin_object();
    json.member_or_null("handler", attempt.handler);
    json.member("number", attempt.number);
    json.member("started_at", to_rfc3339(attempt.started_at));
    json.member("took_seconds", std::chrono::duration<double>{attempt.took}.count());
    json.member("outcome", store::to_string(attempt.outcome));
    json.member_or_null("reason", attempt.reason);
    json.end_object();
}

} // namespace

void write_headers(json_writer& json, const std::vector<header>& headers) {
    json.key("headers");
    json.begin_array();
    for (const header& each : headers) {
        json.begin_object();
        json.member("name", each.name);
        json.member("value", each.value);
        json.end_object();
    }
    json.end_array();
}

void write_body(json_writer& json, const std::string& body) {
    if (is_utf8(body))
        json.member("body", body);
    else
        json.member("body_base64", handlers::to_base64(body));
}

std::string to_json(const std::vector<store::event_record>& events) {
    json_writer json;
    json.begin_array();
    for (const store::event_record& each : events) {
        json.begin_object();
        write_event_members(json, each, false);
        json.end_object();
    }
    json.end_array();
    return std::move(json).take();
}

std::string to_json(const store::event_story& story) {
    json_writer json;
    json.begin_object();
    write_event_members(json, story.summary, true);
    json.member_or_null("job_id", story.summary.facts.job_id);
    json.member("size", story.summary.body_bytes);
    json.member("stored_at", to_rfc3339(wall_time{std::chrono::microseconds{story.summary.sequence}}));
    json.member("damaged", story.subject == nullptr);
    if (story.subject) {
        json.member_or_null("origin", std::string{outreachd::to_string(story.subject->origin)});
        json.member_or_null("content_type", story.subject->content_type);
        json.member_or_null("outreach_event_id", story.subject->outreach_event_id);
        write_headers(json, story.subject->headers);
        write_body(json, story.subject->body);
    }
    json.key("attempts");
    json.begin_array();
    for (const store::attempt_record& each : story.attempts)
        write_attempt(json, each);
    json.end_array();
    std::uint64_t left_out = 0;
    for (const auto& [handler, count] : story.attempts_left_out)
        left_out += count;
    json.member("attempts_left_out", left_out);
    json.end_object();
    return std::move(json).take();
}

std::string to_json(const std::vector<store::dead_delivery>& dead) {
    json_writer json;
    json.begin_array();
    for (const store::dead_delivery& each : dead)
        write_delivery(json, each.of, each.what, false);
    json.end_array();
    return std::move(json).take();
}

std::string to_json(const store::event_story& story, const store::delivery_record& dead) {
    json_writer json;
    json.begin_object();
    write_delivery_members(json, story.summary, dead, true);
    json.key("attempts_made");
    json.begin_array();
    for (const store::attempt_record& each : story.attempts)
        if (each.handler == dead.handler)
            write_attempt(json, each);
    json.end_array();
    const auto left_out = story.attempts_left_out.find(dead.handler);
    json.member("attempts_left_out",
                left_out == story.attempts_left_out.end() ? std::uint64_t{0} : left_out->second);
    json.key("event");
    json.begin_object();
    write_event_members(json, story.summary, false);
    json.end_object();
    json.end_object();
    return std::move(json).take();
}

} // namespace outreachd::admin
