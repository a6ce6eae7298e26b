/// A server on a free port with a real store, for tests.
#pragma once

#include "daemon/admin/server.hpp"
#include "tests/unit/admin/raw_client.hpp"
#include "tests/unit/store/store_under_test.hpp"

#include <atomic>
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
    explicit running_server(const settings::admin& configured = on_free_port())
        : subject(std::make_unique<server>(configured, make_services(), log)) {}

    services make_services() {
        return {
            .events = events,
            .figures = figures,
            .is_live = [this] { return is_live.load(); },
            .unready_reasons =
                [this] {
                    const std::lock_guard lock{mutex};
                    return reasons;
                },
            .running = [](std::string_view) { return std::uint64_t{0}; },
            .handler_names = [] { return std::vector<std::string>{"crm"}; },
            .quarantined = [] { return std::uint64_t{4}; },
            .roles = {"receive", "work"},
            .started_at = wall_now(),
        };
    }

    void set_reasons(std::vector<std::string> now) {
        const std::lock_guard lock{mutex};
        reasons = std::move(now);
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

    store::temporary_directory directory;
    store::recording_observer observer;
    store::store events{{directory.path()}, observer};
    metrics::metrics figures;
    log::logger log{log::level::error, log::format::text};
    std::atomic<bool> is_live{true};
    std::mutex mutex;
    std::vector<std::string> reasons;
    std::unique_ptr<server> subject;
};

} // namespace outreachd::admin
