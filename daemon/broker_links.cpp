#include "daemon/broker_links.hpp"

#include <iterator>

namespace outreachd {

broker_links::broker_links(const settings::settings& configured, store::store& events, log::logger& log,
                           store::routing_of route, std::function<bool(store::sequence)> has_unfinished) {
    if (configured.queue.type != settings::queue_type::amqp)
        return;
    // A host that receives no more may have received before. What is carried over now is counted only then.
    const bool is_carrying_over = events.is_carrying_over();
    const store::handler_depth waiting = events.outbox();
    if (configured.roles.receives || is_carrying_over || waiting.pending + waiting.retry > 0)
        relay_.emplace(configured.queue.amqp, events, log);
    if (configured.roles.works)
        intake_.emplace(configured.queue.amqp, events, log, std::move(route), std::move(has_unfinished));
}

void broker_links::start() {
    if (relay_)
        relay_->start();
    if (intake_)
        intake_->start();
}

void broker_links::begin_stop(steady_time leave_by) {
    if (intake_)
        intake_->begin_stop(leave_by);
    if (relay_)
        relay_->begin_stop();
}

bool broker_links::finish_stop(steady_time until) {
    const bool is_intake_ended = !intake_ || intake_->finish_stop(until);
    const bool is_relay_ended = !relay_ || relay_->finish_stop(until);
    return is_intake_ended && is_relay_ended;
}

std::vector<std::string> broker_links::problems() const {
    std::vector<std::string> found;
    if (relay_)
        found = relay_->problems();
    if (intake_)
        std::ranges::move(intake_->problems(), std::back_inserter(found));
    return found;
}

std::optional<admin::broker_status> broker_links::status() const {
    if (!relay_ && !intake_)
        return std::nullopt;
    admin::broker_status now;
    if (relay_) {
        const amqp::relay_figures told = relay_->figures();
        now.relay = {told.is_connected, told.node, told.in_flight, told.published, told.refused};
    }
    if (intake_) {
        amqp::intake_figures told = intake_->figures();
        now.intake = {told.is_connected, told.node, std::move(told.held), told.taken, told.repeats};
    }
    return now;
}

void broker_links::add_gauges(metrics::metrics& to) const {
    if (relay_) {
        to.add_gauge("broker_connected", "Whether the link to the broker stands.", "link=relay",
                     [this] { return relay_->figures().is_connected ? 1.0 : 0.0; });
        to.add_counter("published_total", "Events that the broker has confirmed.", "",
                       [this] { return static_cast<double>(relay_->figures().published); });
        to.add_counter("publish_refused_total",
                       "Publishes that were returned, refused or not confirmed in time.", "",
                       [this] { return static_cast<double>(relay_->figures().refused); });
    }
    if (intake_) {
        to.add_gauge("broker_connected", "Whether the link to the broker stands.", "link=intake",
                     [this] { return intake_->figures().is_connected ? 1.0 : 0.0; });
        to.add_gauge("work_queues", "Work queues that this worker consumes.", "",
                     [this] { return static_cast<double>(intake_->figures().held.size()); });
        to.add_counter("taken_in_total", "Events that came by a queue.", "",
                       [this] { return static_cast<double>(intake_->figures().taken); });
        to.add_counter("taken_in_repeats_total", "Messages dropped because their event was known.", "",
                       [this] { return static_cast<double>(intake_->figures().repeats); });
    }
}

} // namespace outreachd
