#include "daemon/app.hpp"

#include "daemon/admin/server.hpp"
#include "daemon/dispatch/dispatcher.hpp"
#include "daemon/expression/engine.hpp"
#include "daemon/gauges.hpp"
#include "daemon/ingress/ingress.hpp"
#include "daemon/io_threads.hpp"
#include "daemon/metrics/metrics.hpp"
#include "daemon/second_hearing.hpp"
#include "daemon/store/quarantine.hpp"
#include "daemon/store/store.hpp"
#include "daemon/store_watcher.hpp"
#include "handlers/registry.hpp"

#include <algorithm>
#include <atomic>

namespace outreachd {

namespace {

using namespace std::chrono_literals;

log::logger make_logger(const struct settings::log& configured) {
    return {log::parse_level(configured.level).value_or(log::level::info),
            configured.format == "json" ? log::format::json : log::format::text};
}

std::chrono::milliseconds longest_window(const std::vector<settings::endpoint>& endpoints) {
    std::chrono::milliseconds longest{0};
    for (const settings::endpoint& one : endpoints)
        longest = std::max(longest, one.dedup_window);
    return longest;
}

store::retention retention_of(const settings::retention& configured) {
    return {configured.done, configured.unrouted, configured.dead, configured.size_bytes_max};
}

std::vector<dispatch::equipped_handler> make_handlers(const std::vector<settings::handler>& configured,
                                                      log::logger& log) {
    std::vector<dispatch::equipped_handler> made;
    made.reserve(configured.size());
    for (const settings::handler& one : configured) {
        // As many processes as worker threads; none is begun before a program is run.
        const auto expressions = std::make_shared<expression::engine>(one.concurrency);
        made.push_back({one, handlers::make_handler(one, log, expressions), expressions});
    }
    return made;
}

} // namespace

/// In the order in which they are made; each uses only those above it.
struct app::parts {
    parts(struct settings::settings read, const std::vector<int>& listen_fds)
        : configured(std::move(read)), log(make_logger(configured.log)), watcher(log), io(log),
          events({configured.store.directory, longest_window(configured.endpoints),
                  retention_of(configured.store.retention)},
                 watcher),
          doubtful(configured.store.directory),
          endpoints(std::make_shared<const ingress::endpoint_table>(configured.endpoints)),
          receiver(io.context(), configured.listen, endpoints, events, figures, log,
                   quarantine_of(configured.endpoints, doubtful), listen_fds),
          deliveries(events, configured.routes, make_handlers(configured.handlers, log), log, figures),
          admin(configured.admin, asked_by_admin(), log) {
        add_gauges(figures, {events, doubtful, receiver, log, configured.handlers});
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
        return reasons;
    }

    admin::services asked_by_admin() {
        std::vector<std::string> names;
        for (const settings::handler& one : configured.handlers)
            names.push_back(one.name);
        return {.events = events,
                .figures = figures,
                .is_live = [this] { return io.is_live(); },
                .unready_reasons = [this] { return unready_reasons(); },
                .running = [this](std::string_view handler) -> std::uint64_t {
                    return deliveries.running(handler);
                },
                .handler_names = [names] { return names; },
                .quarantined = [this] { return doubtful.size(); },
                .roles = {"receive", "work"},
                .started_at = wall_now()};
    }

    const struct settings::settings configured;
    log::logger log;
    metrics::metrics figures;
    store_watcher watcher;
    io_threads io; // before the store, whose threads post to it
    store::store events;
    store::quarantine doubtful;
    std::shared_ptr<const ingress::endpoint_table> endpoints;
    ingress::ingress receiver;
    dispatch::dispatcher deliveries;
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
    all.io.start();
    all.receiver.start();
    hear_again(all.doubtful, all.endpoints, all.events, all.log);
    all.is_started = true;
    const store::ledger accounts = all.events.accounts();
    all.log.info("outreachd is ready", {{"version", OUTREACHD_VERSION},
                                        {"address", all.configured.listen.address},
                                        {"port", all.receiver.port()},
                                        {"tls", all.configured.listen.tls.has_value()},
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
    all.log.info("stopping: no new connections");
    all.receiver.stop_accepting();
    // A request in hand ends by itself within 4.5 s, answered or reset.
    const bool is_answered = all.receiver.drain(std::min(deadline, std::chrono::steady_clock::now() + 5s));
    all.log.info("stopping: requests are answered", {{"all", is_answered}});
    const bool is_finished = all.deliveries.stop(remaining());
    all.log.info("stopping: deliveries are finished or given back", {{"all", is_finished}});
    const bool is_store_ended = all.events.stop(remaining() + 1s);
    all.io.stop();
    // Both may be held by a disk that hangs: their destructors would wait for it for ever.
    const auto until = std::max(deadline, std::chrono::steady_clock::now() + 1s);
    const bool is_quarantine_ended = all.doubtful.stop(until);
    const bool is_admin_ended = all.admin.stop(until);
    if (!is_store_ended || !is_quarantine_ended || !is_admin_ended)
        all.log.warn("stopping: the disk doesn't answer, so a thread is left behind",
                     {{"store", !is_store_ended},
                      {"quarantine", !is_quarantine_ended},
                      {"admin_reader", !is_admin_ended}});
    all.log.info("stopped", {{"unaccounted", all.events.accounts().unaccounted()}});
    return is_finished && is_store_ended && is_quarantine_ended && is_admin_ended;
}

void app::reopen_files() {
    parts_->deliveries.reopen();
    parts_->log.info("handlers have reopened their files");
}

} // namespace outreachd
