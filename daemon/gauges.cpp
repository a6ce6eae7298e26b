#include "daemon/gauges.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string>

namespace outreachd {

namespace {

using depth_value = std::function<double(const store::handler_depth&)>;

double seconds_until(wall_time then) {
    return std::chrono::duration<double>(then - wall_now()).count();
}

/// 0 where the clock was set back meanwhile.
double seconds_since(wall_time then) {
    return std::max(0.0, -seconds_until(then));
}

} // namespace

void add_gauges(metrics::metrics& to, const gauge_sources& from) {
    const store::store& events = from.events;
    to.add_gauge("quarantined", "Requests kept because their signature fitted no secret.", "",
                 [&doubtful = from.doubtful] { return static_cast<double>(doubtful.size()); });
    to.add_counter(
        "quarantine_dropped_total",
        "Such requests that were lost: over a bound, pushed out by newer ones, or its file not writable.", "",
        [&doubtful = from.doubtful] { return static_cast<double>(doubtful.dropped()); });
    to.add_gauge("unaccounted", "Events received, less those in any known state: 0.", "",
                 [&events] { return static_cast<double>(events.accounts().unaccounted()); });
    to.add_gauge("unrouted", "Events that no route takes.", "",
                 [&events] { return static_cast<double>(events.accounts().unrouted); });
    to.add_counter("damaged_rows_total", "Stored events found damaged.", "",
                   [&events] { return static_cast<double>(events.damaged_rows()); });
    to.add_gauge("store_stalled_seconds", "For how long the store has been unable to write; 0 where it can.",
                 "", [&events] {
                     const auto stalled = events.stalled_for();
                     return stalled ? std::chrono::duration<double>(*stalled).count() : 0.0;
                 });
    to.add_gauge("carrying_over", "1 while what isn't finished is carried over from an older database file.",
                 "", [&events] { return events.is_carrying_over() ? 1.0 : 0.0; });
    to.add_gauge("troubles", "Reasons that /readyz gives where the host is ready all the same.", "",
                 [troubles = from.troubles] { return static_cast<double>(troubles().size()); });
    to.add_gauge("outbox", "Events that wait for a broker.", "", [&events] {
        const store::handler_depth waiting = events.outbox();
        return static_cast<double>(waiting.pending + waiting.retry);
    });
    to.add_gauge("outbox_oldest_seconds", "Age of the oldest event that waits for a broker.", "", [&events] {
        const auto oldest = events.outbox().oldest_pending;
        return oldest ? seconds_since(*oldest) : 0.0;
    });
    if (from.receiver != nullptr)
        to.add_gauge("connections", "Open connections.", "", [receiver = from.receiver] {
            return static_cast<double>(receiver->open_connections());
        });
    to.add_counter("log_lines_dropped_total", "Log lines dropped because nobody read them.", "",
                   [&log = from.log] { return static_cast<double>(log.dropped()); });
    if (from.receiver != nullptr && from.receiver->certificate_expires_at())
        to.add_gauge("certificate_expiry_seconds", "Until the certificate in use expires.", "",
                     [receiver = from.receiver] {
                         const auto expiry = receiver->certificate_expires_at();
                         return expiry ? seconds_until(*expiry) : 0.0;
                     });

    to.add_gauge("dead", "Deliveries that were given up.",
                 "handler=", [&events] { return static_cast<double>(events.dead_without_handler()); });
}

void add_handler_gauges(metrics::metrics& to, const store::store& events,
                        const std::vector<settings::handler>& configured) {
    std::set<std::string> handlers;
    for (const settings::handler& one : configured)
        handlers.insert(one.name);
    for (const store::handler_depth& each : events.depths())
        if (!each.handler.empty() && each.pending + each.retry + each.dead > 0)
            handlers.insert(each.handler);
    const auto add_depth = [&](const char* name, const char* help, const std::string& handler,
                               const depth_value& value) {
        to.add_gauge(name, help, "handler=" + handler, [&events, handler, value] {
            for (const store::handler_depth& depth : events.depths())
                if (depth.handler == handler)
                    return value(depth);
            return 0.0;
        });
    };
    for (const std::string& name : handlers) {
        add_depth("pending", "Deliveries that are neither done nor dead.", name,
                  [](const store::handler_depth& depth) {
                      return static_cast<double>(depth.pending + depth.retry);
                  });
        add_depth("oldest_pending_seconds", "Age of the oldest delivery that is neither done nor dead.", name,
                  [](const store::handler_depth& depth) {
                      return depth.oldest_pending ? seconds_since(*depth.oldest_pending) : 0.0;
                  });
        add_depth("dead", "Deliveries that were given up.", name,
                  [](const store::handler_depth& depth) { return static_cast<double>(depth.dead); });
    }
}

void add_counters(metrics::metrics& to, const settings::settings& configured) {
    if (configured.roles.receives)
        to.add_endpoint("");
    for (const settings::endpoint& each : configured.endpoints)
        to.add_endpoint(each.path);
    for (const settings::handler& each : configured.handlers)
        to.add_handler(each.name);
}

} // namespace outreachd
