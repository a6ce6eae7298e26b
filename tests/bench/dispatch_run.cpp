#include "tests/bench/dispatch_run.hpp"

#include "daemon/dispatch/dispatcher.hpp"
#include "tests/bench/bench_event.hpp"
#include "tests/bench/counted_moment.hpp"
#include "tests/bench/process_usage.hpp"
#include "tests/bench/signed_request.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

constexpr int rounds_max = 10'000;

/// The first fifth, in which threads and files are opened, isn't counted.
constexpr std::uint64_t warm_up_share = 5;

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
    const auto done = [&from] { return from.accounts().done; };
    const counted_moment first = wait_for_count(done, before.done + wanted / warm_up_share, left);
    const counted_moment last = wait_for_count(done, before.done + wanted, left);
    if (!dispatcher.stop(1min))
        throw std::runtime_error("a handler hangs");
    if (from.accounts().dead != before.dead)
        throw std::runtime_error("a delivery is dead");
    into.deliveries += last.count - first.count;
    into.elapsed += last.at - first.at;
    into.cpu += last.cpu - first.cpu;
}

} // namespace

std::unique_ptr<handlers::handler> make_idle_handler() {
    return std::make_unique<idle_handler>();
}

dispatch_result run_dispatch(const std::string& directory, const dispatch_plan& plan) {
    failing_observer watcher;
    store::store backing(unbounded_store(directory), watcher);
    dispatch_result result;
    std::uint64_t next_id = fresh_first_id();
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

} // namespace outreachd::bench
