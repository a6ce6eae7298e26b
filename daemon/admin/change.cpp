#include "daemon/admin/change.hpp"

#include <chrono>
#include <future>
#include <memory>

namespace outreachd::admin {

std::optional<std::uint64_t> wait_for_change(const std::function<void(store::change_done done)>& begin) {
    constexpr std::chrono::seconds wait{4};
    // Shared: the commit may come after the wait, or, where the store stops, never.
    auto promised = std::make_shared<std::promise<std::uint64_t>>();
    auto changed = promised->get_future();
    begin([promised](std::uint64_t count) { promised->set_value(count); });
    promised.reset();
    if (changed.wait_for(wait) != std::future_status::ready)
        return std::nullopt;
    try {
        return changed.get();
    } catch (const std::future_error&) { // the store has stopped, and forgot it
        return std::nullopt;
    }
}

response change_is_late() {
    return error_answer(503, "the store has not written this within 4 s; it will, once the disk lets it");
}

} // namespace outreachd::admin
