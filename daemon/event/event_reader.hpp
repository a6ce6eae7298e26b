/// Reads an event's facts from the body of a webhook.
#pragma once

#include "daemon/event/event.hpp"

#include <string_view>

namespace outreachd {

/// Nesting that is still read; a deeper body is one that can't be read.
inline constexpr std::size_t json_depth_max = 64;

/// Reads what it can and refuses nothing (contract 13.5): `meta` at the top level or inside `data`
/// (the top level wins), ids as numbers or strings with their digits kept, any resource and action.
/// A body that is no JSON object, isn't UTF-8, or is nested too deep gives the name `unknown` and
/// `is_readable` false. Half a surrogate pair in an escape reads as U+FFFD. Of a key given twice the last
/// counts, as it does in jq. Pure; any thread.
event_facts read_event(std::string_view body);

} // namespace outreachd
