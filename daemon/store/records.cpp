#include "daemon/store/records.hpp"

#include <array>

namespace outreachd::store {

namespace {

constexpr std::array<std::string_view, 7> delivery_state_names{"pending",  "retry",     "done",     "dead",
                                                               "unrouted", "discarded", "published"};
constexpr std::array<std::string_view, 6> event_state_names{"pending", "published", "done",
                                                            "dead",    "unrouted",  "discarded"};

template <typename State, std::size_t Count>
std::optional<State> find_state(const std::array<std::string_view, Count>& names, std::string_view text) {
    for (std::size_t i = 0; i < Count; ++i)
        if (names[i] == text)
            return static_cast<State>(i);
    return std::nullopt;
}

} // namespace

std::string_view to_string(delivery_state state) noexcept {
    return delivery_state_names[static_cast<std::size_t>(state)];
}

std::optional<delivery_state> parse_delivery_state(std::string_view text) noexcept {
    return find_state<delivery_state>(delivery_state_names, text);
}

bool names_resource(std::string_view wanted, const event_facts& facts) {
    return wanted == facts.resource || wanted == facts.resource + ":" + facts.resource_id;
}

std::string_view to_string(event_state state) noexcept {
    return event_state_names[static_cast<std::size_t>(state)];
}

std::optional<event_state> parse_event_state(std::string_view text) noexcept {
    return find_state<event_state>(event_state_names, text);
}

} // namespace outreachd::store
