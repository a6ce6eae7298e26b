#include "tests/bench/amqp_drain.hpp"

#include "daemon/amqp/relay.hpp"
#include "tests/bench/backlog.hpp"
#include "tests/bench/counted_moment.hpp"
#include "tests/bench/paced_appends.hpp"
#include "tests/bench/process_usage.hpp"
#include "tests/bench/signed_request.hpp"

#include <stdexcept>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto connect_limit = 1min;
constexpr auto drain_stop_limit = 20s;

/// A slice with a relay. The time counts from its first confirmed event on.
class drained_slice {
public:
    drained_slice(const settings::amqp_queue& queue, store::store& from, log::logger& log)
        : from_(from), relay_(queue, from, log) {
        const std::uint64_t before = from_.accounts().published;
        relay_.start();
        begun_ = wait_for_count([this] { return from_.accounts().published; }, before + 1, connect_limit);
        if (begun_.count <= before)
            throw std::runtime_error("the relay publishes nothing");
    }

    void end(drain_result& into) {
        const auto ended = counted_moment::now(from_.accounts().published);
        const auto problems = relay_.problems();
        if (!problems.empty())
            throw std::runtime_error(problems.front());
        into.drained += ended.count - begun_.count;
        into.draining_for += ended.at - begun_.at;
        relay_.begin_stop();
        if (!relay_.finish_stop(std::chrono::steady_clock::now() + drain_stop_limit))
            throw std::runtime_error("the relay's thread hangs");
    }

private:
    store::store& from_;
    amqp::relay relay_;
    counted_moment begun_;
};

} // namespace

drain_result run_drain(const std::string& directory, const settings::amqp_queue& queue,
                       const drain_plan& plan, const std::function<void(std::uint64_t)>& progress) {
    failing_observer watcher;
    log::logger log(log::level::warn, log::format::text);
    store::store events(unbounded_store(directory), watcher);
    events.route_at_append(
        [](const store::stored_event& stored) { return std::optional{store::route_to_outbox(stored)}; });
    const auto published = [&events] { return events.accounts().published; };
    const std::uint64_t backlog = events.accounts().pending;
    const std::uint64_t wanted = published() + backlog;
    if (backlog == 0)
        throw std::runtime_error("there is nothing to drain");

    paced_appends load(events, plan.rate, plan.body_bytes, fresh_first_id());
    histogram quiet;
    histogram draining;
    drain_result result;
    while (published() < wanted) {
        load.run(
            plan.slice, [] { return true; },
            [&quiet](const paced_appends::acked_append& one) { quiet.record(one.acked - one.appended); });
        drained_slice slice(queue, events, log);
        load.run(
            plan.slice, [&] { return published() < wanted; },
            [&draining](const paced_appends::acked_append& one) {
                draining.record(one.acked - one.appended);
            });
        slice.end(result);
        if (progress)
            progress(result.drained);
    }
    events.stop(1min);
    result.quiet = result_of(quiet);
    result.draining = result_of(draining);
    result.peak_resident_bytes = own_peak_bytes();
    return result;
}

} // namespace outreachd::bench
