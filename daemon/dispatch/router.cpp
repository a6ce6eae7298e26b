/// Decides where an event goes.
#include "daemon/dispatch/router.hpp"

#include "daemon/event/ordering_key.hpp"
#include "daemon/text/glob.hpp"

#include <algorithm>

namespace outreachd::dispatch {

router::router(std::vector<settings::route> routes) : routes_(std::move(routes)) {}

bool router::takes(const settings::route& route, std::string_view name) {
    return std::ranges::any_of(route.match,
                               [name](const std::string& pattern) { return glob_matches(pattern, name); });
}

std::vector<store::destination> router::destinations_of(std::string_view name) const {
    std::vector<store::destination> found;
    for (const auto& route : routes_) {
        if (!takes(route, name))
            continue;
        for (const auto& handler : route.to) {
            const auto known = std::ranges::find(found, handler, &store::destination::handler);
            if (known == found.end())
                found.emplace_back(handler, !route.where.empty());
            else if (route.where.empty())
                known->is_conditional = false;
        }
    }
    return found;
}

std::optional<std::vector<std::string>> router::conditions_of(std::string_view name,
                                                              std::string_view handler) const {
    std::vector<std::string> programs;
    for (const auto& route : routes_) {
        if (std::ranges::find(route.to, handler) == route.to.end() || !takes(route, name))
            continue;
        if (route.where.empty())
            return std::nullopt;
        programs.push_back(route.where);
    }
    return programs;
}

store::routing router::decide(const store::stored_event& stored) const {
    store::routing decided;
    decided.sequence = stored.sequence;
    if (!stored.subject) {
        decided.dead_reason = damaged_reason;
        return decided;
    }
    const event_facts& facts = stored.subject->facts;
    decided.ordering_key = ordering_key(facts);
    decided.handlers = destinations_of(facts.name);
    if (decided.handlers.empty() && facts.name == unknown_event_name)
        decided.dead_reason = unparsable_reason;
    return decided;
}

store::routing decide(const router& by, received_events go, const store::stored_event& stored) {
    return go == received_events::to_outbox ? store::route_to_outbox(stored) : by.decide(stored);
}

} // namespace outreachd::dispatch
