#include "tests/bench/amqp_latency.hpp"

#include "daemon/amqp/intake.hpp"
#include "daemon/amqp/relay.hpp"
#include "daemon/dispatch/dispatcher.hpp"
#include "tests/bench/backlog.hpp"
#include "tests/bench/bench_event.hpp"
#include "tests/bench/counted_moment.hpp"
#include "tests/bench/paced_appends.hpp"
#include "tests/bench/signed_request.hpp"

#include <atomic>
#include <charconv>
#include <memory>
#include <stdexcept>
#include <vector>

namespace outreachd::bench {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto patience = 1min;
constexpr auto latency_stop_limit = 20s;

/// What becomes of each event, by its number. An event may reach its handler before its ack is noted, so both
/// times are kept and compared afterwards.
class journeys {
public:
    journeys(std::uint64_t first_id, std::size_t most) : first_id_(first_id), all_(most) {}

    void note_acked(std::uint64_t id, clock::time_point at) {
        all_.at(id - first_id_).acked = at.time_since_epoch().count();
        ++acked_;
    }

    void note_handled(std::uint64_t id, clock::time_point at) {
        clock::rep not_yet = 0;
        if (all_.at(id - first_id_).handled.compare_exchange_strong(not_yet, at.time_since_epoch().count()))
            ++handled_; // else it is a repeat
    }

    std::uint64_t acked() const { return acked_; }

    std::uint64_t handled() const { return handled_; }

    /// Of those from `id` on.
    histogram latency_from(std::uint64_t id) const {
        histogram found;
        for (std::size_t at = id - first_id_; at < acked_; ++at)
            found.record(std::chrono::nanoseconds{all_.at(at).handled - all_.at(at).acked});
        return found;
    }

private:
    struct journey {
        std::atomic<clock::rep> acked = 0;
        std::atomic<clock::rep> handled = 0;
    };

    const std::uint64_t first_id_;
    std::vector<journey> all_;
    std::atomic<std::uint64_t> acked_ = 0;
    std::atomic<std::uint64_t> handled_ = 0;
};

class arrival final : public handlers::handler {
public:
    explicit arrival(journeys& of) : of_(of) {}

    outcome handle(const handlers::attempt& what) override {
        const auto now = clock::now();
        const std::string& digits = what.subject->facts.resource_id;
        std::uint64_t id = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), id);
        of_.note_handled(id, now);
        return outcome::done();
    }

private:
    journeys& of_;
};

std::vector<dispatch::equipped_handler> equip(journeys& of) {
    std::vector<dispatch::equipped_handler> equipped(1);
    equipped.front().configured.name = handler_name(0);
    equipped.front().target = std::make_unique<arrival>(of);
    return equipped;
}

/// Both hosts' parts, each above those that use it.
struct two_hosts {
    two_hosts(const std::string& receiver_directory, const std::string& worker_directory,
              const settings::amqp_queue& queue, const latency_plan& plan, journeys& of)
        : received(unbounded_store(receiver_directory), watcher),
          taken_in(unbounded_store(worker_directory), watcher), relay(queue, received, log, {plan.window}),
          deliveries(taken_in, routes_to(1), equip(of), log, figures),
          intake(
              queue, taken_in, log,
              [this](const store::stored_event& stored) { return deliveries.route(stored); },
              [](store::sequence) { return false; }) {
        received.route_at_append(
            [](const store::stored_event& stored) { return std::optional{store::route_to_outbox(stored)}; });
        deliveries.start();
        relay.start();
        intake.start();
        const auto held = [this] { return intake.figures().held.size(); };
        if (wait_for_count(held, queue.partitions, patience).count < queue.partitions)
            throw std::runtime_error("the worker doesn't get its work queues");
    }

    void stop() {
        intake.begin_stop();
        relay.begin_stop();
        const auto until = clock::now() + latency_stop_limit;
        if (!intake.finish_stop(until) || !relay.finish_stop(until) || !deliveries.stop(latency_stop_limit))
            throw std::runtime_error("a thread hangs");
        received.stop(1min);
        taken_in.stop(1min);
    }

    log::logger log{log::level::warn, log::format::text};
    metrics::metrics figures;
    failing_observer watcher;
    store::store received;
    store::store taken_in;
    amqp::relay relay;
    dispatch::dispatcher deliveries;
    amqp::intake intake;
};

} // namespace

latency_result run_ack_to_handler(const std::string& receiver_directory, const std::string& worker_directory,
                                  const settings::amqp_queue& queue, const latency_plan& plan) {
    const double seconds = std::chrono::duration<double>{plan.warm_up + plan.length}.count();
    const std::uint64_t first_id = fresh_first_id();
    journeys all(first_id, static_cast<std::size_t>(plan.rate * seconds) + 2);
    two_hosts hosts(receiver_directory, worker_directory, queue, plan, all);
    paced_appends load(hosts.received, plan.rate, plan.body_bytes, first_id);
    const auto note = [&all](const paced_appends::acked_append& one) { all.note_acked(one.id, one.acked); };
    load.run(
        plan.warm_up, [] { return true; }, note);
    const std::uint64_t first_measured = load.next_id();
    load.run(
        plan.length, [] { return true; }, note);
    const auto handled = [&all] { return all.handled(); };
    if (wait_for_count(handled, all.acked(), patience).count < all.acked())
        throw std::runtime_error("of " + std::to_string(all.acked()) + " events only " +
                                 std::to_string(all.handled()) + " reach their handler");
    hosts.stop();
    return result_of(all.latency_from(first_measured));
}

} // namespace outreachd::bench
