/// A server on a free port with a real store, for tests.
#pragma once

#include "daemon/admin/reader_thread.hpp"
#include "daemon/admin/server.hpp"
#include "tests/unit/admin/raw_client.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace outreachd::admin {

inline settings::admin on_free_port(std::string token = {}) {
    settings::admin configured;
    configured.port = 0;
    configured.token = secret{std::move(token)};
    return configured;
}

struct running_server {
    /// `list_time_max`: the store's.
    explicit running_server(const settings::admin& configured = on_free_port(),
                            std::chrono::milliseconds list_time_max = search_time_max)
        : events({.directory = directory.path(), .list_time_max = list_time_max}, observer),
          subject(std::make_unique<server>(configured, make_services(), log)) {}

    services make_services() {
        return {
            .events = events,
            .doubtful = doubtful,
            .figures = figures,
            .failure =
                [this] {
                    const std::lock_guard lock{mutex};
                    return failure;
                },
            .unready_reasons =
                [this] {
                    const std::lock_guard lock{mutex};
                    return reasons;
                },
            .troubles =
                [this] {
                    const std::lock_guard lock{mutex};
                    return troubles;
                },
            .broker = [] { return std::optional<broker_status>{}; },
            .webhooks =
                [this] {
                    const std::lock_guard lock{mutex};
                    return webhooks;
                },
            .running = [](std::string_view) { return std::uint64_t{0}; },
            .is_running = [this](std::string_view handler, store::sequence) { return handler == is_busy(); },
            .has_handler = [](std::string_view handler) { return handler == "crm" || handler == "audit"; },
            .route = [this](const store::stored_event& stored) { return decide(stored); },
            .recheck =
                [this](std::function<void(bool are_all_heard)> heard) {
                    doubtful.recheck(
                        [](received_request& request) {
                            return request.body.starts_with("genuine") ? store::quarantine::hearing::accepted
                                                                       : store::quarantine::hearing::refused;
                        },
                        std::move(heard));
                },
            .begin_backfill =
                [this](const backfill_request& wanted) {
                    const std::lock_guard lock{mutex};
                    wanted_backfill = wanted;
                    return backfill_refusal;
                },
            .backfill =
                [this] {
                    const std::lock_guard lock{mutex};
                    return backfill;
                },
            .backfill_state = [this]() -> std::optional<backfill_overview> {
                const std::lock_guard lock{mutex};
                if (!webhooks)
                    return std::nullopt;
                return backfill_overview{.is_automatic = true, .last = backfill};
            },
            .handler_names = [] { return std::vector<std::string>{"crm"}; },
            .configuration = [] { return std::make_shared<const std::string>(R"({"roles":["work"]})"); },
            .roles = {"receive", "work"},
            .started_at = wall_now(),
        };
    }

    /// Every event goes to those; none: no route takes any.
    void set_destinations(std::vector<store::destination> now) {
        const std::lock_guard lock{mutex};
        destinations = std::move(now);
    }

    /// All deliveries of that handler are said to run.
    void set_busy(std::string handler) {
        const std::lock_guard lock{mutex};
        busy = std::move(handler);
    }

    std::string is_busy() {
        const std::lock_guard lock{mutex};
        return busy;
    }

    store::routing decide(const store::stored_event& stored) {
        const std::lock_guard lock{mutex};
        return {stored.sequence, destinations, 0, {}};
    }

    void set_backfill(std::optional<backfill_status> now, std::string refusal = {}) {
        const std::lock_guard lock{mutex};
        backfill = std::move(now);
        backfill_refusal = std::move(refusal);
    }

    std::optional<backfill_request> asked_backfill() {
        const std::lock_guard lock{mutex};
        return wanted_backfill;
    }

    /// From now on Outreach is one of those that are configured.
    void set_webhooks(webhooks_status now) {
        const std::lock_guard lock{mutex};
        webhooks = std::move(now);
    }

    void set_reasons(std::vector<std::string> now) {
        const std::lock_guard lock{mutex};
        reasons = std::move(now);
    }

    void set_failure(std::string now) {
        const std::lock_guard lock{mutex};
        failure = std::move(now);
    }

    void set_troubles(std::vector<std::string> now) {
        const std::lock_guard lock{mutex};
        troubles = std::move(now);
    }

    /// One request on a connection of its own, and its answer.
    std::string ask(std::string_view bytes, bool has_body = true) {
        raw_client client{subject->port()};
        client.send(bytes);
        return client.read_answer(has_body);
    }

    std::string get(std::string_view target, std::string_view headers = {}) {
        return ask(get_request(target, headers));
    }

    /// A POST of an empty JSON object.
    std::string post(std::string_view target, std::string_view headers = {}) {
        return ask("POST " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n" + std::string{headers} +
                   "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    }

    store::temporary_directory directory;
    store::recording_observer observer;
    store::store events;
    store::recording_quarantine_observer doubtful_observer;
    store::quarantine doubtful{directory.path(), doubtful_observer};
    metrics::metrics figures;
    log::logger log{log::level::error, log::format::text};
    std::mutex mutex;
    std::optional<std::string> failure;
    std::vector<std::string> reasons;
    std::vector<std::string> troubles;
    std::vector<store::destination> destinations{"crm"};
    std::string busy;
    std::optional<backfill_request> wanted_backfill;
    std::optional<backfill_status> backfill;
    std::optional<webhooks_status> webhooks;
    std::string backfill_refusal;
    std::unique_ptr<server> subject;
};

} // namespace outreachd::admin
