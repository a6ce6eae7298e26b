/// The daemon's two links to a RabbitMQ cluster.
#pragma once

#include "daemon/admin/status_json.hpp"
#include "daemon/amqp/intake.hpp"
#include "daemon/amqp/relay.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/settings/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace outreachd {

/// With `queue.type: amqp` a relay where the host receives, or events of an earlier time wait for the broker
/// or may stand in an older file that is carried over, and an intake where it works; else neither. Main
/// thread only, but where said.
class broker_links {
public:
    broker_links(const settings::settings& configured, store::store& events, log::logger& log,
                 store::routing_of route, std::function<bool(store::sequence)> has_unfinished);

    void start();
    /// Takes nothing new in, and sends nothing new. What was taken in may be delivered until `leave_by`,
    /// before another worker has newer events of its records.
    void begin_stop(steady_time leave_by);
    bool finish_stop(steady_time until);

    // Any thread.
    /// What is wrong with either; none where all is well.
    std::vector<std::string> problems() const;
    /// Nothing with the embedded queue.
    std::optional<admin::broker_status> status() const;
    void add_gauges(metrics::metrics& to) const;

private:
    std::optional<amqp::relay> relay_;
    std::optional<amqp::intake> intake_;
};

} // namespace outreachd
