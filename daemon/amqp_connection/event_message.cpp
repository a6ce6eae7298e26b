#include "daemon/amqp_connection/event_message.hpp"

#include "daemon/event/cloud_attributes.hpp"
#include "daemon/event/event_reader.hpp"
#include "daemon/event/outreach_headers.hpp"
#include "daemon/event/trace_parent.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/utf8.hpp"

#include <algorithm>

namespace outreachd::amqp_connection {

namespace {

constexpr const char* app_id = "outreachd";
constexpr const char* foreign_source = "amqp";

/// Of one value of our own, which may come out of a body: what is longer is left out.
constexpr std::size_t own_value_bytes_max = 8 * 1024;
/// A name's length, a type and a value's length stand before each (AMQP 0-9-1, 4.2.5.5).
constexpr std::size_t bytes_beside_each_header = 6;

/// The namespace of ids that are made from message ids; a UUIDv4, drawn once.
constexpr const char* message_id_namespace = "5ab8bb3c-54f0-4d9c-9c39-0e4d3d1c7a55";

/// Seconds since 1970 of the end of the year 9999: beyond it no time can be written.
constexpr std::uint64_t timestamp_max = 253'402'300'799;

bool fits_short_string(const std::string& text) {
    return text.size() <= short_string_bytes_max && is_utf8(text);
}

std::size_t encoded_size(const header& one) {
    return one.name.size() + one.value.size() + bytes_beside_each_header;
}

/// RFC 3339 with microseconds, so that an event is the same on the other side.
std::string with_microseconds(wall_time time) {
    std::string text = to_rfc3339(time);
    const auto since_second = time - std::chrono::floor<std::chrono::seconds>(time);
    const std::int64_t micros = since_second.count() % 1000;
    return text.insert(text.size() - 1, std::to_string(1000 + micros).substr(1));
}

void add_own(std::vector<header>& into, std::string name, std::string value) {
    if (!value.empty() && value.size() <= own_value_bytes_max)
        into.push_back({std::move(name), std::move(value)});
}

/// The event's headers that fit beside those that `into` holds already, in their order.
void add_received(std::vector<header>& into, const std::vector<header>& received) {
    std::size_t total = 0;
    for (const header& own : into)
        total += encoded_size(own);
    std::vector<const header*> kept;
    for (const header& one : received)
        if (is_kept_header(one.name) && one.name.size() <= short_string_bytes_max) {
            kept.push_back(&one);
            total += encoded_size(one);
        }
    while (total > header_bytes_max && !kept.empty()) {
        const auto largest =
            std::max_element(kept.begin(), kept.end(), [](const header* one, const header* other) {
                return encoded_size(*one) < encoded_size(*other);
            });
        total -= encoded_size(**largest);
        kept.erase(largest);
    }
    for (const header* one : kept)
        into.push_back(*one);
}

/// Empty where there is none of that name, or what it holds can't be used.
std::string usable_header(const std::vector<header>& headers, std::string_view name) {
    const auto found =
        std::find_if(headers.begin(), headers.end(), [&](const header& one) { return one.name == name; });
    return found == headers.end() || has_control_character(found->value) ? std::string{} : found->value;
}

/// As we write it, or with the colon that CloudEvents' own binding has for AMQP 1.0.
std::string cloud_attribute(const std::vector<header>& headers, const std::string& name) {
    std::string value = usable_header(headers, "cloudEvents_" + name);
    return value.empty() ? usable_header(headers, "cloudEvents:" + name) : value;
}

/// Other programs number their messages as they like, and begin anew: a text that isn't a UUID names a
/// message only together with who sent it and what it says.
event_id id_of(const message& what, const digest& body_digest, wall_time now) {
    if (const auto own = parse_event_id(what.message_id))
        return *own;
    if (what.message_id.empty())
        return make_event_id(now);
    const digest named =
        sha256_of_fields({what.app_id,
                          what.message_id,
                          {reinterpret_cast<const char*>(body_digest.data()), body_digest.size()}});
    return delivery_id(*parse_event_id(message_id_namespace),
                       {reinterpret_cast<const char*>(named.data()), named.size()});
}

wall_time received_at_of(const message& what, wall_time now) {
    const wall_time epoch{};
    if (const auto written = parse_timestamp(cloud_attribute(what.headers, "time"));
        written && *written >= epoch)
        return *written;
    if (what.timestamp && *what.timestamp <= timestamp_max)
        return wall_time{std::chrono::seconds{static_cast<std::int64_t>(*what.timestamp)}};
    return now;
}

std::string source_of(const message& what) {
    const std::string given = cloud_attribute(what.headers, "source");
    for (const std::string& candidate : {given, what.app_id})
        if (!candidate.empty() && is_utf8(candidate) && !has_control_character(candidate))
            return candidate;
    return foreign_source;
}

std::string content_type_of(const message& what) {
    std::string original = usable_header(what.headers, original_content_type_header);
    if (!original.empty())
        return original;
    return has_control_character(what.content_type) ? std::string{} : what.content_type;
}

/// Unless it is the trace that the event has without one.
void keep_trace(event& into, const std::string& given) {
    const std::string own = trace_id_of(into);
    if (is_trace_parent(given) && given.find(own) == std::string::npos)
        into.headers.push_back({trace_parent_name, given.substr(0, trace_parent_size)});
}

} // namespace

message to_message(const event& subject) {
    const cloud_attributes attributes = attributes_of(subject);
    message made;
    made.message_id = attributes.id;
    made.app_id = app_id;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(subject.received_at).time_since_epoch();
    made.timestamp = static_cast<std::uint64_t>(std::max<std::int64_t>(seconds.count(), 0));

    const bool is_type_kept = fits_short_string(subject.facts.name);
    const bool is_content_type_kept = fits_short_string(subject.content_type);
    made.type = is_type_kept ? subject.facts.name : replaced_text;
    made.content_type = is_content_type_kept ? subject.content_type : replaced_text;

    add_own(made.headers, "cloudEvents_specversion", cloud_event_version);
    add_own(made.headers, "cloudEvents_id", attributes.id);
    add_own(made.headers, "cloudEvents_source", attributes.source);
    add_own(made.headers, "cloudEvents_type", is_utf8(attributes.type) ? attributes.type : replaced_text);
    add_own(made.headers, "cloudEvents_subject", attributes.subject);
    add_own(made.headers, "cloudEvents_time", with_microseconds(subject.received_at));
    add_own(made.headers, trace_parent_name, make_trace_parent(subject));
    add_own(made.headers, endpoint_header, subject.endpoint);
    if (!is_type_kept)
        add_own(made.headers, original_type_header, subject.facts.name);
    if (!is_content_type_kept)
        add_own(made.headers, original_content_type_header, subject.content_type);
    add_received(made.headers, subject.headers);
    made.body = subject.body;
    return made;
}

event to_event(delivered from, wall_time now) {
    message& what = from.what;
    event made;
    made.origin = event_origin::queue;
    made.body_digest = sha256(what.body);
    made.id = id_of(what, made.body_digest, now);
    made.facts = read_event(what.body);
    made.received_at = received_at_of(what, now);
    made.endpoint = usable_header(what.headers, endpoint_header);
    made.source = source_of(what);
    made.content_type = content_type_of(what);
    for (header& one : what.headers)
        if (is_kept_header(one.name) && !has_control_character(one.name) &&
            !has_control_character(one.value)) {
            if (made.outreach_event_id.empty() && is_same_in_any_case(one.name, event_id_header))
                made.outreach_event_id = one.value;
            made.headers.push_back(std::move(one));
        }
    keep_trace(made, usable_header(what.headers, trace_parent_name));
    made.body = std::move(what.body);
    return made;
}

} // namespace outreachd::amqp_connection
