/// Delivers stored events to handlers.
#include "daemon/dispatch/dispatcher.hpp"

#include "daemon/dispatch/feeder.hpp"
#include "daemon/dispatch/lane_set.hpp"
#include "daemon/dispatch/router.hpp"

namespace outreachd::dispatch {

struct dispatcher::implementation {
    std::unique_ptr<delivery_store> backing;
    std::shared_ptr<event_source> events;
    std::shared_ptr<inbox> incoming;
    std::shared_ptr<replaceable<router>> routes;
    std::shared_ptr<lane_set> lanes;
    std::shared_ptr<class feeder> feeder;
    const received_events go;
    log::logger& log;
    bool is_started = false;

    /// From the next commit on, events are routed so by the writer thread.
    void route_by(std::shared_ptr<const router> decider) const {
        backing->route_at_append(
            [decider = std::move(decider), where = go](const store::stored_event& stored) {
                return std::optional{decide(*decider, where, stored)};
            });
    }
};

dispatcher::dispatcher(store::store& backing, std::vector<settings::route> routes,
                       std::vector<equipped_handler> handlers, log::logger& log, metrics::metrics& metrics,
                       received_events go)
    : dispatcher(make_delivery_store(backing), std::move(routes), std::move(handlers), log, metrics, {}, go) {
}

dispatcher::dispatcher(std::unique_ptr<delivery_store> backing, std::vector<settings::route> routes,
                       std::vector<equipped_handler> handlers, log::logger& log, metrics::metrics& metrics,
                       lane_limits limits, received_events go) {
    auto events = std::make_shared<event_source>(*backing);
    auto incoming = std::make_shared<inbox>(inbox_limits{});
    const auto decider = std::make_shared<const router>(std::move(routes));
    auto table = std::make_shared<replaceable<router>>(decider);
    auto lanes = std::make_shared<lane_set>(
        lane_surroundings{*backing, events, incoming, table, log, metrics}, limits);
    lanes->use(decider, std::move(handlers));
    auto feeding = std::make_shared<feeder>(*backing, table, lanes, incoming, go, log);
    implementation_.reset(new implementation{std::move(backing), std::move(events), std::move(incoming),
                                             std::move(table), std::move(lanes), std::move(feeding), go,
                                             log});
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
    own.route_by(own.routes->get());
    own.feeder->start();
    own.log.info("dispatcher started");
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
    own.lanes->begin_stop();
    bool has_finished = own.feeder->finish_stop(until);
    has_finished = own.lanes->finish_stop(until) && has_finished;
    own.events->close();
    own.log.info("dispatcher stopped", {{"finished", has_finished}});
    return has_finished;
}

void dispatcher::use(std::vector<settings::route> routes, std::vector<equipped_handler> handlers) {
    auto& own = *implementation_;
    auto decider = std::make_shared<const router>(std::move(routes));
    own.lanes->use(decider, std::move(handlers));
    if (own.is_started)
        own.route_by(std::move(decider));
    own.incoming->nudge(); // to start the lanes that may
}

store::routing dispatcher::route(const store::stored_event& stored) const {
    return implementation_->routes->get()->decide(stored);
}

std::size_t dispatcher::running(std::string_view handler) const {
    return implementation_->lanes->running(handler);
}

bool dispatcher::is_running(std::string_view handler, sequence at) const {
    return implementation_->lanes->is_running(handler, at);
}

bool dispatcher::has(std::string_view handler) const {
    return implementation_->lanes->has(handler);
}

} // namespace outreachd::dispatch
