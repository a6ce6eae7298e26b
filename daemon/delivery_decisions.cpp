#include "daemon/delivery_decisions.hpp"

#include <algorithm>
#include <iterator>

namespace outreachd {

store::routing route_anew(const host_part& host, const store::stored_event& stored,
                          const store::routing_of& by_routes) {
    if (!host.is_through_broker || !host.roles.receives)
        return by_routes(stored);
    store::routing decided = store::route_to_outbox(stored);
    if (host.roles.works)
        std::ranges::move(by_routes(stored).handlers, std::back_inserter(decided.handlers));
    return decided;
}

bool has_unfinished(const store::unfinished_view& seen, store::sequence up_to,
                    const std::function<bool(std::string_view)>& has_handler) {
    return seen.routed_up_to < up_to || std::ranges::any_of(seen.oldest, [&](const auto& one) {
               return one.second.sequence <= up_to && has_handler(one.first);
           });
}

} // namespace outreachd
