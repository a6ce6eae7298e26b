#include "daemon/store/records.hpp"

#include <array>

namespace outreachd::store {

namespace {

constexpr std::array<std::string_view, 7> delivery_state_names{"pending",  "retry",     "done",     "dead",
                                                               "unrouted", "discarded", "published"};
constexpr std::array<std::string_view, 6> event_state_names{"pending", "published", "done",
                                                            "dead",    "unrouted",  "discarded"};

} // namespace

std::string_view to_string(delivery_state state) noexcept {
    return delivery_state_names[static_cast<std::size_t>(state)];
}

bool names_resource(std::string_view wanted, std::string_view resource, std::string_view id) {
    if (!wanted.starts_with(resource))
        return false;
    wanted.remove_prefix(resource.size());
    return wanted.empty() || (wanted.front() == ':' && wanted.substr(1) == id);
}

bool names_resource(std::string_view wanted, const event_facts& facts) {
    return names_resource(wanted, facts.resource, facts.resource_id);
}

std::string_view to_string(event_state state) noexcept {
    return event_state_names[static_cast<std::size_t>(state)];
}

std::optional<event_state> parse_event_state(std::string_view text) noexcept {
    for (std::size_t i = 0; i < event_state_names.size(); ++i)
        if (event_state_names[i] == text)
            return static_cast<event_state>(i);
    return std::nullopt;
}

} // namespace outreachd::store
