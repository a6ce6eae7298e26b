/// What a host decides of deliveries by its roles and its handlers. Pure; any thread.
#pragma once

#include "daemon/settings/settings.hpp"
#include "daemon/store/store.hpp"

#include <functional>
#include <string_view>

namespace outreachd {

struct host_part {
    settings::roles roles;
    bool is_through_broker = false; ///< `queue.type: amqp`.
};

/// Where an event goes that is replayed: with the broker among it, to which what only that had goes again.
/// `by_routes` says where the host's own routes lead.
store::routing route_anew(const host_part& host, const store::stored_event& stored,
                          const store::routing_of& by_routes);

/// Whether a delivery of an event up to `up_to` is unfinished, or may be, since `seen` was before it. Only
/// those of handlers that there are count.
bool has_unfinished(const store::unfinished_view& seen, store::sequence up_to,
                    const std::function<bool(std::string_view)>& has_handler);

} // namespace outreachd
