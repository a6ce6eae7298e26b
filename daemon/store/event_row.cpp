#include "daemon/store/event_row.hpp"

#include <algorithm>

namespace outreachd::store {

namespace {

void append_header(std::string& to, std::string_view name, std::string_view value) {
    to.append(name).append(1, '\n').append(value).append(1, '\n');
}

void append_headers(std::string& to, const std::vector<header>& headers) {
    std::size_t size = to.size();
    for (const header& one : headers)
        size += one.name.size() + one.value.size() + 2;
    to.reserve(size);
    for (const header& one : headers)
        append_header(to, one.name, one.value);
}

digest checksum_of(sequence at, const event& what, std::string_view headers) {
    const std::string_view id(reinterpret_cast<const char*>(what.id.data), what.id.size());
    const std::string_view body_digest(reinterpret_cast<const char*>(what.body_digest.data()),
                                       what.body_digest.size());
    const auto number = [](std::int64_t value) { return std::to_string(value); };
    const std::string times = number(at) + ' ' + number(to_number(what.received_at)) + ' ' +
                              number(to_number(what.facts.delivered_at).value_or(-1)) + ' ' +
                              number(what.facts.is_readable ? 1 : 0);
    return sha256_of_fields({times, id, what.facts.name, what.facts.resource, what.facts.action,
                             what.facts.resource_id, what.facts.job_id, what.endpoint, what.source,
                             what.content_type, what.outreach_event_id, headers, what.cleanup_token.reveal(),
                             body_digest});
}

/// No header has an empty name: the origin stands under it, in front of the headers. So the checksum covers
/// it, and older stores need no column for it.
void take_origin(event& read) {
    if (read.headers.empty() || !read.headers.front().name.empty())
        return;
    for (const event_origin one : {event_origin::signed_request, event_origin::unsigned_request,
                                   event_origin::fetched, event_origin::queue})
        if (read.headers.front().value == to_string(one))
            read.origin = one;
    read.headers.erase(read.headers.begin());
}

std::string join_with_origin(const event& what) {
    std::string joined;
    if (what.origin != event_origin::unknown)
        append_header(joined, {}, to_string(what.origin)); // see take_origin
    append_headers(joined, what.headers);
    return joined;
}

} // namespace

std::string join_headers(const std::vector<header>& headers) {
    std::string joined;
    append_headers(joined, headers);
    return joined;
}

std::vector<header> split_headers(std::string_view joined) {
    std::vector<header> headers;
    while (!joined.empty()) {
        const std::size_t name_end = joined.find('\n');
        const std::size_t value_end = joined.find('\n', name_end + 1);
        if (name_end == std::string_view::npos || value_end == std::string_view::npos)
            break;
        headers.push_back({std::string(joined.substr(0, name_end)),
                           std::string(joined.substr(name_end + 1, value_end - name_end - 1))});
        joined.remove_prefix(value_end + 1);
    }
    return headers;
}

bool insert_event(database& into, statement& insert, sequence at, const event& what) {
    const std::string headers = join_with_origin(what);
    const digest checksum = checksum_of(at, what, headers);
    insert
        .bind(at, bytes_of(what.id), std::string_view(what.facts.name), std::string_view(what.facts.resource),
              std::string_view(what.facts.action), std::string_view(what.facts.resource_id),
              std::string_view(what.facts.job_id), to_number(what.facts.delivered_at),
              std::int64_t{what.facts.is_readable ? 1 : 0}, to_number(what.received_at),
              std::string_view(what.endpoint), std::string_view(what.source),
              std::string_view(what.content_type), std::string_view(what.outreach_event_id),
              bytes_of(headers), bytes_of(what.cleanup_token.reveal()),
              std::span<const std::uint8_t>(what.body_digest), std::span<const std::uint8_t>(checksum),
              bytes_of(what.body))
        .run();
    return into.changes() > 0;
}

stored_event read_event_row(const statement& from) {
    stored_event row;
    row.sequence = from.number(0);
    auto read = std::make_shared<event>();
    if (const std::string_view id = from.view(1); id.size() == read->id.size())
        std::copy(id.begin(), id.end(), read->id.begin());
    read->facts.name = from.text(2);
    read->facts.resource = from.text(3);
    read->facts.action = from.text(4);
    read->facts.resource_id = from.text(5);
    read->facts.job_id = from.text(6);
    if (!from.is_null(7))
        read->facts.delivered_at = to_wall_time(from.number(7));
    read->facts.is_readable = from.number(8) != 0;
    read->received_at = to_wall_time(from.number(9));
    read->endpoint = from.text(10);
    read->source = from.text(11);
    read->content_type = from.text(12);
    read->outreach_event_id = from.text(13);
    const std::string headers = from.text(14);
    read->headers = split_headers(headers);
    take_origin(*read);
    read->cleanup_token = secret(from.text(15));
    if (const std::string_view kept = from.view(16); kept.size() == read->body_digest.size())
        std::copy(kept.begin(), kept.end(), read->body_digest.begin());
    const std::string_view kept_checksum = from.view(17);
    const digest checksum = checksum_of(row.sequence, *read, headers);
    read->body = from.text(18);

    const bool is_whole = kept_checksum.size() == checksum.size() &&
                          std::equal(checksum.begin(), checksum.end(),
                                     reinterpret_cast<const std::uint8_t*>(kept_checksum.data())) &&
                          sha256(read->body) == read->body_digest;
    if (is_whole)
        row.subject = std::move(read);
    return row;
}

} // namespace outreachd::store
