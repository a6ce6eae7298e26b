#include "tests/bench/dispatch_run.hpp"

#include "daemon/dispatch/dispatcher.hpp"
#include "tests/bench/process_usage.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include <sys/resource.h>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

/// Until the next look at the store's accounts: a fiftieth of the window so far, so that looking neither
/// costs much nor ends the window much too late.
std::chrono::nanoseconds until_next_look(std::chrono::nanoseconds elapsed) {
    return std::clamp<std::chrono::nanoseconds>(elapsed / 50, 200us, 50ms);
}

constexpr int rounds_max = 10'000;

/// The first fifth, in which threads and files are opened, isn't counted.
constexpr std::uint64_t warm_up_share = 5;

struct moment {
    std::chrono::steady_clock::time_point at;
    std::chrono::nanoseconds cpu{};
    std::uint64_t done = 0;

    static moment now(const store::store& of) {
        return {std::chrono::steady_clock::now(), own_cpu(), of.accounts().done};
    }
};

/// Waits until `done` deliveries of the store are, at most `limit`.
moment wait_for(const store::store& of, std::uint64_t done, std::chrono::nanoseconds limit) {
    const auto begin = std::chrono::steady_clock::now();
    for (;;) {
        const auto elapsed = std::chrono::steady_clock::now() - begin;
        if (elapsed >= limit || of.accounts().done >= done)
            return moment::now(of);
        std::this_thread::sleep_for(until_next_look(elapsed));
    }
}

class idle_handler final : public handlers::handler {
public:
    outcome handle(const handlers::attempt&) override { return outcome::done(); }
};

std::vector<dispatch::equipped_handler> equip(const dispatch_plan& plan) {
    std::vector<dispatch::equipped_handler> equipped;
    for (std::uint32_t index = 0; index < plan.backlog.handlers; ++index) {
        dispatch::equipped_handler one;
        one.configured.name = handler_name(index);
        one.configured.concurrency = plan.concurrency;
        one.target = plan.make_handler();
        equipped.push_back(std::move(one));
    }
    return equipped;
}

/// One window, or as much of it as is pending.
void deliver(store::store& from, const dispatch_plan& plan, dispatch_result& into) {
    log::logger log(log::level::warn, log::format::text);
    metrics::metrics metrics;
    const auto before = from.accounts();
    const std::uint64_t wanted = std::min(
        (plan.deliveries - into.deliveries) * warm_up_share / (warm_up_share - 1) + 1, before.pending);
    dispatch::dispatcher dispatcher(from, routes_to(plan.backlog.handlers), equip(plan), log, metrics);
    dispatcher.start();
    const auto left = plan.longest - into.elapsed;
    const moment first = wait_for(from, before.done + wanted / warm_up_share, left);
    const moment last = wait_for(from, before.done + wanted, left);
    if (!dispatcher.stop(1min))
        throw std::runtime_error("a handler hangs");
    if (from.accounts().dead != before.dead)
        throw std::runtime_error("a delivery is dead");
    into.deliveries += last.done - first.done;
    into.elapsed += last.at - first.at;
    into.cpu += last.cpu - first.cpu;
}

std::uint64_t own_peak_bytes() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

/// Nothing leaves it while it is measured, however large it grows.
store::options unbounded_store(const std::string& directory) {
    store::options chosen;
    chosen.directory = directory;
    chosen.retention.size_bytes_max = std::numeric_limits<std::int64_t>::max();
    return chosen;
}

/// Ids that no earlier run in the same store has used.
std::uint64_t first_id() {
    return std::uniform_int_distribution<std::uint64_t>(1,
                                                        1ULL << 50U)(*std::make_unique<std::random_device>());
}

} // namespace

std::unique_ptr<handlers::handler> make_idle_handler() {
    return std::make_unique<idle_handler>();
}

dispatch_result run_dispatch(const std::string& directory, const dispatch_plan& plan) {
    failing_observer watcher;
    store::store backing(unbounded_store(directory), watcher);
    dispatch_result result;
    std::uint64_t next_id = first_id();
    // A handful may be done between two looks, and then a round counts nothing.
    for (int round = 0;
         round < rounds_max && result.deliveries < plan.deliveries && result.elapsed < plan.longest;
         ++round) {
        fill_up(backing, plan.backlog, next_id);
        deliver(backing, plan, result);
    }
    backing.stop(1min);
    result.peak_resident_bytes = own_peak_bytes();
    return result;
}

void prepare_backlog(const std::string& directory, const backlog_plan& plan,
                     const std::function<void(std::uint64_t)>& progress) {
    failing_observer watcher;
    store::store backing(unbounded_store(directory), watcher);
    std::uint64_t next_id = first_id();
    fill_up(backing, plan, next_id, progress);
    backing.stop(10min);
}

} // namespace outreachd::bench
