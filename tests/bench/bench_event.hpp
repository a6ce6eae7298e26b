/// The events that stores are measured with.
#pragma once

#include "daemon/event/verified_event.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace outreachd::bench {

/// The name of handler number `index`.
std::string handler_name(std::uint32_t index);

/// A signed `task.h<handler>` of about `body_bytes`, about the record `id`. Any thread.
verified_event make_event(std::uint64_t id, std::uint32_t handler, std::size_t body_bytes);

} // namespace outreachd::bench
