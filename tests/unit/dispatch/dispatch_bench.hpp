/// A dispatcher on a store in memory, as its tests start it.
#pragma once

#include "daemon/dispatch/dispatcher.hpp"
#include "tests/unit/dispatch/memory_store.hpp"
#include "tests/unit/dispatch/scripted_handler.hpp"

#include <memory>
#include <string>
#include <vector>

namespace outreachd::dispatch::test {

/// A handler that fails is tried again within a few milliseconds.
inline settings::handler quick_handler(const std::string& name, std::uint32_t concurrency = 4) {
    settings::handler configured;
    configured.name = name;
    configured.concurrency = concurrency;
    configured.retry = {.attempts_max = 3,
                        .initial = std::chrono::milliseconds{1},
                        .factor = 1,
                        .max = std::chrono::milliseconds{5},
                        .jitter = 0};
    return configured;
}

/// What outlives a dispatcher: the store, and all that handlers were given.
struct bench {
    log::logger log{log::level::error, log::format::text};
    metrics::metrics metrics;
    memory_store store;
    std::shared_ptr<run_log> runs = std::make_shared<run_log>();

    equipped_handler equip(settings::handler configured, scripted_handler::script play) {
        return {std::move(configured), std::make_unique<scripted_handler>(runs, std::move(play))};
    }

    /// Every event goes to every handler.
    template <typename... Handlers>
    std::unique_ptr<dispatcher> start(lane_limits limits, Handlers... handlers) {
        settings::route all{{"*"}, {handlers.configured.name...}};
        std::vector<equipped_handler> equipped;
        (equipped.push_back(std::move(handlers)), ...);
        auto made = std::make_unique<dispatcher>(store.open(), std::vector{std::move(all)},
                                                 std::move(equipped), log, metrics, limits);
        made->start();
        return made;
    }
};

inline outcome succeed(const handlers::attempt&) {
    return outcome::done();
}

} // namespace outreachd::dispatch::test
