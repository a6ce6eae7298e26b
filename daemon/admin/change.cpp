#include "daemon/admin/change.hpp"

#include "daemon/admin/reader_thread.hpp"

#include <future>
#include <memory>

namespace outreachd::admin {

// Else what a search has found, or what was done with it, would never be told.
static_assert(read_timeout > search_time_max + change_wait);

std::optional<std::uint64_t> wait_for_changes(const std::vector<change_request>& all) {
    const auto until = std::chrono::steady_clock::now() + change_wait;
    std::vector<std::future<std::uint64_t>> begun;
    for (const change_request& each : all) {
        // Shared: the commit may come after the wait, or, where the store stops, never.
        auto promised = std::make_shared<std::promise<std::uint64_t>>();
        begun.push_back(promised->get_future());
        each([promised = std::move(promised)](std::uint64_t count) { promised->set_value(count); });
    }
    std::uint64_t sum = 0;
    for (auto& each : begun) {
        if (each.wait_until(until) != std::future_status::ready)
            return std::nullopt;
        try {
            sum += each.get();
        } catch (const std::future_error&) { // the store has stopped, and forgot it
            return std::nullopt;
        }
    }
    return sum;
}

response change_is_late() {
    return error_answer(503, "the store has not written this within 4 s; it will, once the disk lets it");
}

} // namespace outreachd::admin
