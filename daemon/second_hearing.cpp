#include "daemon/second_hearing.hpp"

#include <future>

namespace outreachd {

namespace {

constexpr std::chrono::seconds store_wait{30};

/// True once the event is durable.
bool append_and_wait(store::store& events, verified_event genuine, std::chrono::milliseconds dedup_window) {
    auto answer = std::make_shared<std::promise<bool>>();
    auto is_stored = answer->get_future();
    events.append(std::move(genuine), dedup_window, std::chrono::steady_clock::now() + store_wait,
                  [answer](error_code ec, const store::append_result&) { answer->set_value(!ec); });
    return is_stored.get();
}

} // namespace

ingress::quarantine_sink quarantine_of(const endpoints_in_force& endpoints, store::quarantine& keeper) {
    return [&endpoints, &keeper](const std::string&, received_request request) {
        const auto now = endpoints.get();
        if (const ingress::endpoint* const at = now->find(request.endpoint))
            keeper.keep(std::move(request), at->quarantine_bytes_max);
    };
}

void hear_again(store::quarantine& keeper, const endpoints_in_force& endpoints, store::store& events,
                log::logger& log, std::function<void(bool are_all_heard)> heard,
                std::chrono::milliseconds once_more_after) {
    using hearing = store::quarantine::hearing;
    auto judge = [&endpoints, &events, &log](received_request& request) {
        // Of now: a reload may have come since somebody asked.
        const auto now = endpoints.get();
        const ingress::endpoint* const at = now->find(request.endpoint);
        if (at == nullptr)
            return hearing::refused;
        auto verified = at->verifier->verify(request);
        if (!verified)
            return hearing::refused;
        const std::string id = to_string(verified->get().id);
        if (!append_and_wait(events, std::move(*verified), at->dedup_window))
            return hearing::again;
        log.info("a quarantined request is an event now", {{"event_id", id}, {"source", at->source}});
        return hearing::accepted;
    };
    keeper.recheck(std::move(judge), std::move(heard), once_more_after);
}

} // namespace outreachd
