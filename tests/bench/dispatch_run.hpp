/// Deliveries from a store to handlers, counted and timed.
#pragma once

#include "handlers/handler.hpp"
#include "tests/bench/backlog.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace outreachd::bench {

/// What is measured once.
struct dispatch_plan {
    backlog_plan backlog;
    std::uint32_t concurrency = 4;
    std::uint64_t deliveries = 20'000;  ///< Of the window, which ends with them,
    std::chrono::nanoseconds longest{}; ///< or after this time.
    std::function<std::unique_ptr<handlers::handler>()> make_handler; ///< One for each.
};

struct dispatch_result {
    std::uint64_t deliveries = 0;
    std::chrono::nanoseconds elapsed{};
    std::chrono::nanoseconds cpu{}; ///< Of all threads of this process: the store's too.
    std::uint64_t peak_resident_bytes = 0;
};

/// Takes each delivery and does nothing.
std::unique_ptr<handlers::handler> make_idle_handler();

/// Opens the store in `directory`, fills it up, starts a dispatcher on it as the daemon does, and measures
/// the window behind a warm-up of a quarter of its length, by what the store has committed. Where less is
/// pending than that, it is done again and again; filling and warming up are never counted. Throws
/// std::runtime_error where the store fails.
dispatch_result run_dispatch(const std::string& directory, const dispatch_plan& plan);

} // namespace outreachd::bench
