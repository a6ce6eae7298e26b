#include "daemon/app.hpp"

#include "daemon/admin/configuration_json.hpp"
#include "daemon/admin/reader_thread.hpp"
#include "daemon/admin/server.hpp"
#include "daemon/backfill_requests.hpp"
#include "daemon/broker_links.hpp"
#include "daemon/delivery_decisions.hpp"
#include "daemon/dispatch/dispatcher.hpp"
#include "daemon/gauges.hpp"
#include "daemon/ingress/ingress.hpp"
#include "daemon/io_threads.hpp"
#include "daemon/make_handlers.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/outbox_return.hpp"
#include "daemon/outreach_links.hpp"
#include "daemon/outreach_status.hpp"
#include "daemon/quarantine_watcher.hpp"
#include "daemon/reloaded_settings.hpp"
#include "daemon/repeat_window.hpp"
#include "daemon/restart_keys.hpp"
#include "daemon/second_hearing.hpp"
#include "daemon/store_watcher.hpp"

#include <algorithm>
#include <atomic>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

log::logger make_logger(const struct settings::log& configured) {
    return {log::parse_level(configured.level).value_or(log::level::info),
            configured.format == "json" ? log::format::json : log::format::text};
}

store::retention retention_of(const settings::retention& configured) {
    return {configured.done, configured.unrouted, configured.dead, configured.size_bytes_max};
}

bool has_broker(const settings::settings& configured) {
    return configured.queue.type == settings::queue_type::amqp;
}

std::vector<std::string> names_of(const settings::roles& configured) {
    std::vector<std::string> names;
    if (configured.receives)
        names.emplace_back("receive");
    if (configured.works)
        names.emplace_back("work");
    return names;
}

/// Null where the host doesn't receive.
std::unique_ptr<ingress::ingress> make_receiver(const settings::settings& configured, io_threads& io,
                                                const endpoints_in_force& endpoints, store::store& events,
                                                metrics::metrics& figures, log::logger& log,
                                                store::quarantine& doubtful,
                                                const std::vector<int>& listen_fds) {
    if (!configured.roles.receives)
        return nullptr;
    const bool waits = has_broker(configured) && configured.queue.amqp.ack == settings::ack_after::broker;
    return std::make_unique<ingress::ingress>(io.context(), configured.listen, endpoints.get(), events,
                                              figures, log, quarantine_of(endpoints, doubtful), listen_fds,
                                              waits ? store::answered_when::published
                                                    : store::answered_when::stored);
}

} // namespace

/// In the order in which they are made; each uses only those above it.
struct app::parts {
    parts(struct settings::settings read, const std::vector<int>& listen_fds)
        : configured(std::move(read)), configured_roles(configured.roles),
          is_through_broker(has_broker(configured)), repeat_window(longest_window(configured.endpoints)),
          log(make_logger(configured.log)), watcher(log), doubtful_watcher(log), io(log),
          events({configured.store.directory, repeat_window, retention_of(configured.store.retention),
                  admin::search_time_max},
                 watcher),
          endpoints(std::make_shared<const ingress::endpoint_table>(configured.endpoints)),
          doubtful(configured.store.directory, doubtful_watcher),
          handler_names(names_of(configured.handlers)), shown_configuration(show(configured)),
          calls_outreach(configured, events, figures, log),
          receiver(make_receiver(configured, io, endpoints, events, figures, log, doubtful, listen_fds)),
          deliveries(events, configured.routes,
                     make_handlers(configured.handlers, log, calls_outreach.calls()), log, figures,
                     has_broker(configured) && configured.roles.receives
                         ? dispatch::received_events::to_outbox
                         : dispatch::received_events::to_handlers),
          broker(configured, events, log, route_here(),
                 [this](store::sequence up_to) {
                     return has_unfinished(events.unfinished(), up_to, has_handler());
                 }),
          leftovers(events, route_here(), log), admin(configured.admin, asked_by_admin(), log) {
        add_gauges(figures, {events, doubtful, receiver.get(), log, [this] { return troubles(); }});
        broker.add_gauges(figures);
        add_handler_gauges(figures, events, configured.handlers);
        add_counters(figures, configured);
    }

    std::vector<std::string> unready_reasons() const {
        std::vector<std::string> reasons;
        if (!is_started)
            reasons.emplace_back("starting");
        if (is_stopping)
            reasons.emplace_back("stopping");
        if (const auto stalled = events.stalled_for())
            reasons.push_back("the store has not written for " + std::to_string(stalled->count()) +
                              " ms: see the log for the cause");
        if (!receiver) // a receiver goes on without its broker; a worker can't
            std::ranges::move(broker.problems(), std::back_inserter(reasons));
        return reasons;
    }

    std::optional<std::string> failure() const {
        constexpr auto hang_max = 120s;
        if (!io.is_live())
            return "an I/O thread doesn't answer";
        // A disk that only fails is waited for: a new start would mend nothing, and lose what waits in
        // memory.
        if (const auto hanging = events.hangs_for(); hanging && *hanging > hang_max)
            return "the store hasn't come back from the disk for two minutes";
        return std::nullopt;
    }

    /// What is wrong around us, and no reason to take us out of service.
    std::vector<std::string> troubles() const {
        std::vector<std::string> all = receiver ? broker.problems() : std::vector<std::string>{};
        std::ranges::move(calls_outreach.problems(), std::back_inserter(all));
        if (events.is_carrying_over())
            all.emplace_back(
                "deliveries wait: what isn't finished is carried over from an older database file");
        if (const auto bytes = events.room_wanted())
            all.push_back("an older database file waits to be carried over until the store's disk has " +
                          std::to_string(*bytes / (1024 * 1024) + 1) + " MiB free");
        return all;
    }

    store::routing_of route_here() const {
        return [this](const store::stored_event& stored) { return deliveries.route(stored); };
    }

    std::function<bool(std::string_view)> has_handler() const {
        return [this](std::string_view handler) { return deliveries.has(handler); };
    }

    admin::services asked_by_admin() {
        return {.events = events,
                .doubtful = doubtful,
                .figures = figures,
                .failure = [this] { return failure(); },
                .unready_reasons = [this] { return unready_reasons(); },
                .troubles = [this] { return troubles(); },
                .broker = [this] { return broker.status(); },
                .webhooks = [this] { return webhooks_status_of(calls_outreach); },
                .running = [this](std::string_view handler) -> std::uint64_t {
                    return deliveries.running(handler);
                },
                .is_running = [this](std::string_view handler,
                                     store::sequence at) { return deliveries.is_running(handler, at); },
                .has_handler = has_handler(),
                .route =
                    [this](const store::stored_event& stored) {
                        return route_anew({configured_roles, is_through_broker}, stored, route_here());
                    },
                .recheck =
                    [this](std::function<void(bool are_all_heard)> heard) {
                        hear_again(doubtful, endpoints, events, log, std::move(heard));
                    },
                .begin_backfill =
                    [this](const admin::backfill_request& wanted) {
                        return begin_backfill(calls_outreach, wanted);
                    },
                .backfill = [this] { return backfill_status_of(calls_outreach); },
                .backfill_state = [this] { return backfill_overview_of(calls_outreach); },
                .handler_names = [this] { return *handler_names.get(); },
                .configuration = [this] { return shown_configuration.get(); },
                .roles = outreachd::names_of(configured_roles),
                .started_at = wall_now()};
    }

    static std::shared_ptr<const std::vector<std::string>>
    names_of(const std::vector<settings::handler>& handlers) {
        auto names = std::make_shared<std::vector<std::string>>();
        for (const settings::handler& one : handlers)
            names->push_back(one.name);
        return names;
    }

    static std::shared_ptr<const std::string> show(const settings::settings& in_force) {
        return std::make_shared<const std::string>(admin::to_json(in_force));
    }

    struct settings::settings configured; ///< Main thread only; a reload changes it.
    const settings::roles configured_roles;
    const bool is_through_broker;
    const std::chrono::milliseconds repeat_window;
    log::logger log;
    metrics::metrics figures;
    store_watcher watcher;
    quarantine_watcher doubtful_watcher;
    io_threads io; // before the store, whose threads post to it
    store::store events;
    endpoints_in_force endpoints;
    store::quarantine doubtful;
    replaceable<std::vector<std::string>> handler_names;
    replaceable<std::string> shown_configuration;
    outreach_links calls_outreach;
    std::unique_ptr<ingress::ingress> receiver; ///< Null where the host doesn't receive.
    dispatch::dispatcher deliveries;
    broker_links broker;
    outbox_return leftovers;
    std::string certificate_trouble; ///< As it was logged. Main thread.
    std::atomic<bool> is_started = false;
    std::atomic<bool> is_stopping = false;
    admin::server admin;
};

app::app(struct settings::settings configured, const std::vector<int>& listen_fds)
    : parts_(std::make_unique<parts>(std::move(configured), listen_fds)) {}

app::~app() = default;

log::logger& app::log() {
    return parts_->log;
}

void app::start() {
    parts& all = *parts_;
    // Deliveries first: what an earlier run left is older than what comes now.
    all.deliveries.start();
    if (!all.is_through_broker)
        all.leftovers.start();
    all.broker.start();
    all.io.start();
    if (all.receiver)
        all.receiver->start();
    hear_again(all.doubtful, all.endpoints, all.events, all.log);
    all.calls_outreach.start();
    all.is_started = true;
    const store::ledger accounts = all.events.accounts();
    all.log.info("outreachd is ready", {{"version", OUTREACHD_VERSION},
                                        {"address", all.receiver ? all.configured.listen.address : ""},
                                        {"port", all.receiver ? all.receiver->port() : 0},
                                        {"tls", all.receiver && all.configured.listen.tls},
                                        {"queue", all.is_through_broker ? "amqp" : "embedded"},
                                        {"admin_port", all.admin.port()},
                                        {"endpoints", all.configured.endpoints.size()},
                                        {"store", all.events.file()},
                                        {"pending_events", accounts.pending},
                                        {"dead_events", accounts.dead}});
}

bool app::stop() {
    parts& all = *parts_;
    const auto deadline = std::chrono::steady_clock::now() + all.configured.shutdown_timeout;
    const auto remaining = [deadline] {
        return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(
                            deadline - std::chrono::steady_clock::now()),
                        100ms);
    };
    all.is_stopping = true;
    if (all.receiver) {
        all.log.info("stopping: no new connections");
        all.receiver->stop_accepting();
        // A request in hand ends by itself within 4.5 s, answered or reset.
        const bool is_answered =
            all.receiver->drain(std::min(deadline, std::chrono::steady_clock::now() + 5s));
        all.log.info("stopping: requests are answered", {{"all", is_answered}});
    }
    // Behind the requests: with `ack: broker` they wait for it. Handlers go on meanwhile, and need the rest.
    const auto now = std::chrono::steady_clock::now();
    // A host that receives is to be back before Outreach has made its last attempt (contract 3.2).
    const std::chrono::milliseconds longest = all.receiver ? 1s : 8s;
    const auto leave_by = now + std::min<std::chrono::milliseconds>(longest, remaining() / 2);
    all.broker.begin_stop(leave_by);
    const bool are_links_ended =
        all.broker.finish_stop(std::min(deadline, std::max(now + 5s, leave_by + 2s)));
    const bool is_return_ended = all.leftovers.stop();
    all.calls_outreach.begin_stop();
    const bool is_finished = all.deliveries.stop(remaining());
    const bool is_watch_ended =
        all.calls_outreach.finish_stop(std::min(deadline, std::chrono::steady_clock::now() + 1s), deadline);
    all.log.info("stopping: deliveries are finished or given back", {{"all", is_finished}});
    const bool is_store_ended = all.events.stop(remaining() + 1s);
    all.io.stop();
    // Both may be held by a disk that hangs, as others by a network: their destructors would wait for ever.
    const auto until = std::max(deadline, std::chrono::steady_clock::now() + 1s);
    const bool is_quarantine_ended = all.doubtful.stop(until);
    const bool is_admin_ended = all.admin.stop(until);
    const bool are_all_ended = is_store_ended && is_quarantine_ended && is_admin_ended && are_links_ended &&
                               is_return_ended && is_watch_ended;
    if (!are_all_ended)
        all.log.warn("stopping: what a thread waits for doesn't answer, so it is left behind",
                     {{"store", !is_store_ended},
                      {"quarantine", !is_quarantine_ended},
                      {"admin_reader", !is_admin_ended},
                      {"broker_links", !are_links_ended},
                      {"outbox_return", !is_return_ended},
                      {"outreach_links", !is_watch_ended}});
    all.log.info("stopped", {{"unaccounted", all.events.accounts().unaccounted()}});
    return is_finished && are_all_ended;
}

void app::reload(struct settings::settings next) {
    parts& all = *parts_;
    struct settings::settings& running = all.configured;
    keep_for_roles(running, next);
    const std::vector<std::string> for_restart = keys_for_restart(running, next, all.repeat_window);
    // The links to Outreach depend on them, too.
    next.roles = running.roles;
    next.store = running.store;
    // All that can fail first: nothing is applied where something does.
    outreach_links::prepared links = all.calls_outreach.prepare(next);
    std::vector<dispatch::equipped_handler> made = make_handlers(next.handlers, all.log, links.calls());
    auto endpoints = std::make_shared<const ingress::endpoint_table>(next.endpoints);
    if (all.receiver && running.listen.tls && next.listen.tls)
        all.receiver->use_certificate(*next.listen.tls);

    for (const std::string& key : for_restart)
        all.log.warn("a changed key needs a restart, and keeps its old value until then", {{"key", key}});
    // The endpoints last: what comes to new ones, or out of quarantine, goes where the file says now.
    all.calls_outreach.use(std::move(links));
    all.handler_names.replace(parts::names_of(next.handlers));
    all.deliveries.use(next.routes, std::move(made));
    add_handler_gauges(all.figures, all.events, next.handlers);
    add_counters(all.figures, next);
    all.endpoints.replace(endpoints);
    if (all.receiver)
        all.receiver->use_endpoints(endpoints);
    constexpr auto judging_max = 5s; // by the old ones yet
    if (running.endpoints != next.endpoints)
        hear_again(all.doubtful, all.endpoints, all.events, all.log, {}, judging_max);
    if (const auto level = log::parse_level(next.log.level))
        all.log.set_level(*level);

    take_over(running, std::move(next));
    all.shown_configuration.replace(parts::show(running));
    all.log.info("the configuration was loaded anew", {{"endpoints", running.endpoints.size()},
                                                       {"handlers", running.handlers.size()},
                                                       {"routes", running.routes.size()}});
}

std::string app::status_line() const {
    const parts& all = *parts_;
    const store::ledger accounts = all.events.accounts();
    std::string line;
    for (const std::string& role : outreachd::names_of(all.configured_roles))
        line += (line.empty() ? "" : " and ") + role;
    line += ": " + std::to_string(accounts.pending) + " pending, " + std::to_string(accounts.dead) + " dead";
    if (const store::handler_depth waiting = all.events.outbox(); waiting.pending + waiting.retry > 0)
        line += ", " + std::to_string(waiting.pending + waiting.retry) + " wait for the broker";
    for (const std::string& reason : all.unready_reasons())
        line += "; " + reason;
    return line;
}

std::optional<std::string> app::failure() const {
    return parts_->failure();
}

const std::optional<settings::tls_files>& app::tls_files() const {
    return parts_->configured.listen.tls;
}

bool app::renew_certificate() {
    parts& all = *parts_;
    try {
        all.receiver->use_certificate(*all.configured.listen.tls);
        all.certificate_trouble.clear();
        const auto expiry = all.receiver->certificate_expires_at();
        all.log.info("the certificate was renewed",
                     {{"file", all.configured.listen.tls->certificate},
                      {"expires_at", expiry ? to_rfc3339(*expiry) : std::string{}}});
        return true;
    } catch (const std::exception& problem) {
        if (std::exchange(all.certificate_trouble, problem.what()) != problem.what())
            all.log.error("the certificate's files have changed and can't be used; the old ones go on",
                          {{"cause", problem.what()}});
        return false;
    }
}

} // namespace outreachd
