/// The headers of Outreach's requests: their names, and which of them an event keeps.
#pragma once

#include "daemon/text/ascii.hpp"

#include <string_view>

namespace outreachd {

inline constexpr std::string_view outreach_header_prefix = "outreach-";
inline constexpr std::string_view signature_header = "outreach-webhook-signature";
inline constexpr std::string_view cleanup_token_header = "outreach-webhook-cleanup-token";
/// Undocumented (contract 1.25).
inline constexpr std::string_view event_id_header = "outreach-webhook-event-id";

/// Whether a header is one of those that an event keeps, and that handlers and a broker may get:
/// `Outreach-*`, but never a credential. Written in any case.
constexpr bool is_kept_header(std::string_view name) noexcept {
    return name.size() > outreach_header_prefix.size() &&
           is_same_in_any_case(name.substr(0, outreach_header_prefix.size()), outreach_header_prefix) &&
           !is_same_in_any_case(name, signature_header) && !is_same_in_any_case(name, cleanup_token_header);
}

} // namespace outreachd
