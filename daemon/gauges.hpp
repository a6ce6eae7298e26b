/// Metrics that are asked for their value at each scrape.
#pragma once

#include "daemon/ingress/ingress.hpp"
#include "daemon/log/logger.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/store/quarantine.hpp"
#include "daemon/store/store.hpp"

namespace outreachd {

/// Where the values come from. All outlive the metrics' last scrape.
struct gauge_sources {
    const store::store& events;
    const store::quarantine& doubtful;
    const ingress::ingress* receiver; ///< Null where the host doesn't receive.
    const log::logger& log;
};

void add_gauges(metrics::metrics& to, const gauge_sources& from);

/// Those of each handler that is configured, or that deliveries still wait for; again after a reload, for
/// handlers that came with it.
void add_handler_gauges(metrics::metrics& to, const store::store& events,
                        const std::vector<settings::handler>& configured);

} // namespace outreachd
