/// Whether the exchange confirms as the work queues do.
#pragma once

#include "daemon/event/timestamp.hpp"

#include <cstddef>
#include <optional>

namespace outreachd::amqp {

/// A queue that another program has bound to the exchange, and that has no leader or no majority of its
/// nodes, lets the broker say nothing for what is published there. That must not keep events from the work
/// queues. So once an event has waited for 2 s for the exchange alone it counts as being behind, and does so
/// until none has for 15 s: of what waits no more than 16 is there then, and other events go to their work
/// queues only, to be published to the exchange later. Pure; one thread.
class exchange_lag {
public:
    /// To be called often. Since when the first event has waited that its work queue has taken.
    void look(steady_time now, std::optional<steady_time> waits_since);

    /// The exchange has confirmed something.
    void note_confirm() { has_confirmed_ = true; }

    bool is_behind() const { return behind_until_.has_value(); }

    /// Whether the exchange gets one more, `waiting` being awaited there.
    bool may_send(std::size_t waiting) const;

private:
    std::optional<steady_time> behind_until_; ///< At least.
    bool has_confirmed_ = false;              ///< Since it was last seen to be behind.
};

} // namespace outreachd::amqp
