/// Metrics that are asked for their value at each scrape, and counters that are there before they count.
#pragma once

#include "daemon/ingress/ingress.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/quarantine.hpp"
#include "daemon/store/store.hpp"

#include <functional>
#include <string>
#include <vector>

namespace outreachd {

/// Where the values come from. All outlive the metrics' last scrape.
struct gauge_sources {
    const store::store& events;
    const store::quarantine& doubtful;
    const ingress::ingress* receiver; ///< Null where the host doesn't receive.
    const log::logger& log;
    std::function<std::vector<std::string>()> troubles; ///< Those of a host that is ready all the same.
};

void add_gauges(metrics::metrics& to, const gauge_sources& from);

/// Those of each handler that is configured, or that deliveries still wait for; again after a reload, for
/// handlers that came with it.
void add_handler_gauges(metrics::metrics& to, const store::store& events,
                        const std::vector<settings::handler>& configured);

/// The counters of the endpoints and handlers that are configured begin at 0; again after a reload, for those
/// that came with it. One that was removed keeps its counters until a restart.
void add_counters(metrics::metrics& to, const settings::settings& configured);

} // namespace outreachd
