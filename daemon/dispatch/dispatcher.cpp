/// Delivers stored events to handlers.
#include "daemon/dispatch/dispatcher.hpp"

#include "daemon/dispatch/feeder.hpp"
#include "daemon/dispatch/lane.hpp"
#include "daemon/dispatch/router.hpp"

namespace outreachd::dispatch {

struct dispatcher::implementation {
    std::unique_ptr<delivery_store> backing;
    std::shared_ptr<event_source> events;
    std::shared_ptr<inbox> incoming;
    std::vector<std::shared_ptr<lane>> lanes;
    std::shared_ptr<class feeder> feeder;
    router decider;
    log::logger& log;
    bool is_started = false;
};

dispatcher::dispatcher(store::store& backing, std::vector<settings::route> routes,
                       std::vector<equipped_handler> handlers, log::logger& log, metrics::metrics& metrics)
    : dispatcher(make_delivery_store(backing), std::move(routes), std::move(handlers), log, metrics, {}) {}

dispatcher::dispatcher(std::unique_ptr<delivery_store> backing, std::vector<settings::route> routes,
                       std::vector<equipped_handler> handlers, log::logger& log, metrics::metrics& metrics,
                       lane_limits limits) {
    auto events = std::make_shared<event_source>(*backing);
    auto incoming = std::make_shared<inbox>(inbox_limits{});
    std::vector<std::shared_ptr<lane>> lanes;
    lanes.reserve(handlers.size());
    for (auto& one : handlers)
        lanes.push_back(std::make_shared<lane>(std::move(one.configured), std::move(one.target),
                                               lane_surroundings{*backing, events, incoming, log, metrics},
                                               limits));
    const router decider(std::move(routes));
    auto feeding = std::make_shared<feeder>(*backing, decider, lanes, incoming, log);
    implementation_.reset(new implementation{std::move(backing), std::move(events), std::move(incoming),
                                             std::move(lanes), std::move(feeding), decider, log});
}

dispatcher::~dispatcher() {
    if (implementation_->is_started)
        stop(std::chrono::milliseconds{0});
}

void dispatcher::start() {
    auto& own = *implementation_;
    own.is_started = true;
    // First the inbox, then the reading back: an event is in the one or seen by the other.
    own.backing->on_committed([incoming = own.incoming](std::span<const store::stored_event> committed) {
        incoming->offer(committed);
    });
    own.backing->route_at_append([decider = own.decider](const store::stored_event& stored) {
        return std::optional{decider.decide(stored)};
    });
    for (const auto& one : own.lanes)
        one->start();
    own.feeder->start();
    own.log.info("dispatcher started", {{"handlers", own.lanes.size()}});
}

bool dispatcher::stop(std::chrono::milliseconds timeout) {
    auto& own = *implementation_;
    if (!own.is_started)
        return true;
    own.is_started = false;
    const auto until = std::chrono::steady_clock::now() + timeout;
    own.backing->route_at_append(nullptr);
    own.backing->on_committed([](std::span<const store::stored_event>) {});
    own.feeder->begin_stop();
    for (const auto& one : own.lanes)
        one->begin_stop();
    bool has_finished = own.feeder->finish_stop(until);
    for (const auto& one : own.lanes) {
        if (one->finish_stop(until))
            continue;
        has_finished = false;
        own.log.warn("a handler didn't finish in time; its deliveries are given back",
                     {{"handler", one->name()}});
    }
    own.events->close();
    own.log.info("dispatcher stopped", {{"finished", has_finished}});
    return has_finished;
}

std::size_t dispatcher::running(std::string_view handler) const {
    for (const auto& one : implementation_->lanes)
        if (one->name() == handler)
            return one->running();
    return 0;
}

void dispatcher::reopen() {
    for (const auto& one : implementation_->lanes)
        one->reopen();
}

} // namespace outreachd::dispatch
