/// An event as programs see it.
#pragma once

#include "daemon/event/event.hpp"
#include "daemon/expression/engine.hpp"

namespace outreachd::expression {

/// `$event` holds all of the event but its body: `id name resource action resource_id
/// job_id received_at delivered_at endpoint source`. `resource_id` is the exact text. The body is
/// borrowed: `of` outlives the view.
view view_of(const event& of);

} // namespace outreachd::expression
