#include "tests/bench/amqp_flow.hpp"

#include "daemon/amqp/intake.hpp"
#include "daemon/amqp/relay.hpp"
#include "daemon/dispatch/router.hpp"
#include "tests/bench/backlog.hpp"
#include "tests/bench/process_usage.hpp"

#include <functional>
#include <stdexcept>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto longest = 10min;
constexpr auto stop_limit = 20s;

/// The stream's measured part, of a link that is running.
template <typename Link>
flow_result measure(const Link& link, const flow_plan& plan, const std::function<std::uint64_t()>& count) {
    const auto reach = [&](std::uint64_t wanted) {
        const counted_moment at = wait_for_count(count, wanted, longest);
        const auto problems = link.problems();
        if (!problems.empty())
            throw std::runtime_error(problems.front());
        if (at.count < wanted)
            throw std::runtime_error("no more than " + std::to_string(at.count) + " events in ten minutes");
        return at;
    };
    const std::uint64_t before = count();
    const counted_moment first = reach(before + plan.warm_up());
    return between(first, reach(before + plan.warm_up() + plan.measured));
}

template <typename Link>
void stop(Link& link) {
    link.begin_stop();
    if (!link.finish_stop(std::chrono::steady_clock::now() + stop_limit))
        throw std::runtime_error("a link's thread hangs");
}

} // namespace

flow_result run_relay(const std::string& directory, const settings::amqp_queue& queue,
                      const flow_plan& plan) {
    failing_observer watcher;
    log::logger log(log::level::warn, log::format::text);
    store::store events(unbounded_store(directory), watcher);
    amqp::relay_limits limits;
    limits.window = plan.window;
    amqp::relay relay(queue, events, log, limits);
    relay.start();
    flow_result result = measure(relay, plan, [&events] { return events.accounts().published; });
    stop(relay);
    if (relay.figures().refused > 0)
        throw std::runtime_error("the broker refuses events");
    events.stop(1min);
    result.peak_resident_bytes = own_peak_bytes();
    return result;
}

flow_result run_intake(const std::string& directory, const settings::amqp_queue& queue,
                       const flow_plan& plan) {
    failing_observer watcher;
    log::logger log(log::level::warn, log::format::text);
    store::store events(unbounded_store(directory), watcher);
    const dispatch::router router(routes_to(1));
    amqp::intake intake(
        queue, events, log, [&router](const store::stored_event& stored) { return router.decide(stored); },
        [](store::sequence) { return false; });
    intake.start();
    flow_result result = measure(intake, plan, [&events] { return events.accounts().received; });
    stop(intake);
    events.stop(1min);
    result.peak_resident_bytes = own_peak_bytes();
    return result;
}

} // namespace outreachd::bench
