#include "daemon/store/records.hpp"

#include <array>

namespace outreachd::store {

namespace {

constexpr std::array<std::string_view, 5> delivery_state_names{"pending", "retry", "done", "dead",
                                                               "unrouted"};
constexpr std::array<std::string_view, 5> event_state_names{"pending", "published", "done", "dead",
                                                            "unrouted"};

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

std::string_view to_string(event_state state) noexcept {
    return event_state_names[static_cast<std::size_t>(state)];
}

std::optional<event_state> parse_event_state(std::string_view text) noexcept {
    return find_state<event_state>(event_state_names, text);
}

} // namespace outreachd::store
