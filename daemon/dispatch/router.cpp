/// Decides where an event goes.
#include "daemon/dispatch/router.hpp"

#include "daemon/dispatch/glob.hpp"
#include "daemon/event/digest.hpp"

#include <algorithm>

namespace outreachd::dispatch {

router::router(std::vector<settings::route> routes) : routes_(std::move(routes)) {}

std::vector<std::string> router::handlers_of(std::string_view name) const {
    std::vector<std::string> handlers;
    for (const auto& route : routes_) {
        const bool is_taken = std::ranges::any_of(
            route.match, [name](const std::string& pattern) { return glob_matches(pattern, name); });
        if (!is_taken)
            continue;
        for (const auto& handler : route.to)
            if (std::ranges::find(handlers, handler) == handlers.end())
                handlers.push_back(handler);
    }
    return handlers;
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
    decided.handlers = handlers_of(facts.name);
    if (decided.handlers.empty() && facts.name == unknown_event_name)
        decided.dead_reason = "unparsable";
    return decided;
}

std::uint64_t ordering_key(const event_facts& facts) {
    if (facts.resource_id.empty())
        return 0;
    const auto hash = sha256_of_fields({facts.resource, facts.resource_id});
    std::uint64_t key = 0;
    for (std::size_t at = 0; at < sizeof key; ++at)
        key = key << 8 | hash[at];
    return key == 0 ? 1 : key;
}

} // namespace outreachd::dispatch
