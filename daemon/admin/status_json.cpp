/// What runs, as JSON.
#include "daemon/admin/status_json.hpp"

#include "daemon/admin/json_writer.hpp"

#include <algorithm>
#include <map>

namespace outreachd::admin {

namespace {

double seconds_between(wall_time earlier, wall_time later) {
    // A clock that was set back must not show a negative age.
    return std::max(0.0, std::chrono::duration<double>{later - earlier}.count());
}

void write_handler(json_writer& json, const store::handler_depth& depth, std::uint64_t running,
                   wall_time now) {
    // To the store a delivery that runs is one that waits, for the first time or again.
    const std::uint64_t running_first = std::min(running, depth.pending);
    const std::uint64_t running_again = std::min(running - running_first, depth.retry);
    json.begin_object();
    json.member("pending", depth.pending - running_first);
    json.member("running", running);
    json.member("retry", depth.retry - running_again);
    json.member("dead", depth.dead);
    json.key("oldest_pending_seconds");
    if (depth.oldest_pending)
        json.value(seconds_between(*depth.oldest_pending, now));
    else
        json.null();
    json.member_or_null("last_error", depth.last_error);
    json.end_object();
}

void write_broker(json_writer& json, const broker_status& broker) {
    json.begin_object();
    if (broker.relay) {
        json.key("relay");
        json.begin_object();
        json.member("connected", broker.relay->is_connected);
        json.member_or_null("node", broker.relay->node);
        json.member("in_flight", broker.relay->in_flight);
        json.member("published", broker.relay->published);
        json.member("refused", broker.relay->refused);
        json.end_object();
    }
    if (broker.intake) {
        json.key("intake");
        json.begin_object();
        json.member("connected", broker.intake->is_connected);
        json.member_or_null("node", broker.intake->node);
        json.key("work_queues");
        json.begin_array();
        for (const std::uint32_t each : broker.intake->work_queues)
            json.value(std::uint64_t{each});
        json.end_array();
        json.member("taken", broker.intake->taken);
        json.member("repeats", broker.intake->repeats);
        json.end_object();
    }
    json.end_object();
}

} // namespace

std::string to_json(const status& what, wall_time now) {
    std::map<std::string, store::handler_depth> handlers;
    for (const std::string& name : what.handler_names)
        handlers[name].handler = name;
    for (const store::handler_depth& each : what.depths) {
        // One that is configured no more is shown for as long as something of it is left.
        const bool is_over = each.pending + each.retry + each.dead + what.running(each.handler) == 0;
        if (each.handler.empty() || !is_over || handlers.contains(each.handler))
            handlers[each.handler] = each;
    }

    json_writer json;
    json.begin_object();
    json.member("version", OUTREACHD_VERSION);
    json.member("uptime_seconds", seconds_between(what.started_at, now));
    json.member("roles", what.roles);
    json.member("ready", what.unready_reasons.empty());
    std::vector<std::string> reasons = what.unready_reasons;
    reasons.insert(reasons.end(), what.troubles.begin(), what.troubles.end());
    json.member("reasons", reasons);
    json.member("outbox", what.outbox);
    json.member("quarantined", what.quarantined);
    json.member("unrouted", what.unrouted);
    if (what.broker) {
        json.key("broker");
        write_broker(json, *what.broker);
    }
    if (what.webhooks) {
        json.key("webhooks");
        write_webhooks(json, *what.webhooks);
    }
    if (what.backfill) {
        json.key("backfill");
        write_backfill(json, *what.backfill);
    }
    json.key("handlers");
    json.begin_object();
    for (const auto& [name, depth] : handlers) {
        json.key(name);
        write_handler(json, depth, what.running(name), now);
    }
    json.end_object();
    json.end_object();
    return std::move(json).take();
}

} // namespace outreachd::admin
