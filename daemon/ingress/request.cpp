#include "daemon/ingress/request.hpp"

#include "daemon/event/outreach_headers.hpp"
#include "daemon/event/trace_parent.hpp"
#include "daemon/text/ascii.hpp"

#include <algorithm>

namespace outreachd::ingress {
namespace {

constexpr std::string_view content_type_name = "content-type";

/// That of a proxy in front. More than one is none (Trace Context 3.2).
void keep_trace(std::vector<header>& among, const request_head& head) {
    const auto is_trace = [](const head_field& field) {
        return is_same_in_any_case(field.name, trace_parent_name);
    };
    const auto found = std::ranges::find_if(head.fields, is_trace);
    if (std::ranges::count_if(head.fields, is_trace) == 1 && is_trace_parent(found->value))
        among.push_back({trace_parent_name, std::string{found->value.substr(0, trace_parent_size)}});
}

} // namespace

std::string_view path_of(std::string_view target) noexcept {
    return target.substr(0, target.find('?'));
}

std::optional<request_outcome> judge_head(const request_head& head, const endpoint* at,
                                          std::uint64_t body_bytes_max) noexcept {
    if (at == nullptr)
        return request_outcome::not_found;
    if (head.method != "POST")
        return request_outcome::bad_method;
    if (head.framing == body_framing::length && head.content_length > body_bytes_max)
        return request_outcome::body_too_large;
    return std::nullopt;
}

received_request make_request(const request_head& head, const endpoint& at, std::string_view peer) {
    received_request request;
    request.endpoint = at.path;
    request.source = at.source;
    request.peer = peer;
    for (const head_field& field : head.fields) {
        if (is_same_in_any_case(field.name, content_type_name)) {
            if (request.content_type.empty())
                request.content_type = field.value;
        } else if (is_same_in_any_case(field.name, signature_header)) {
            request.signatures.emplace_back(field.value);
        } else if (is_same_in_any_case(field.name, cleanup_token_header)) {
            request.cleanup_token = secret{std::string{field.value}};
        } else if (is_kept_header(field.name)) {
            if (is_same_in_any_case(field.name, event_id_header) && request.outreach_event_id.empty())
                request.outreach_event_id = field.value;
            request.headers.push_back({std::string{field.name}, std::string{field.value}});
        }
    }
    keep_trace(request.headers, head);
    return request;
}

} // namespace outreachd::ingress
