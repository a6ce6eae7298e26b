/// `amqp`: the way through a broker beside the broker's own limit. See README.md beside this file.

#include "tests/bench/amqp_drain.hpp"
#include "tests/bench/amqp_flow.hpp"
#include "tests/bench/amqp_latency.hpp"
#include "tests/bench/amqp_options.hpp"
#include "tests/bench/amqp_report.hpp"
#include "tests/bench/backlog.hpp"
#include "tests/bench/bare_publisher.hpp"
#include "tests/bench/own_process.hpp"
#include "tests/bench/scratch_vhost.hpp"
#include "tests/bench/store_directory.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace {

using namespace outreachd;
using namespace outreachd::bench;
using test_servers::rabbitmq_node;

std::chrono::nanoseconds as_duration(double seconds) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>{seconds});
}

/// So many events wait in the outbox of the store in `directory` afterwards.
void fill_outbox(const std::string& directory, std::uint64_t pending, std::size_t body_bytes) {
    backlog_plan plan;
    plan.pending = pending;
    plan.body_bytes = body_bytes;
    plan.waits_for_broker = true;
    in_own_process<bool>([&] {
        prepare_backlog(directory, plan,
                        [&](std::uint64_t filled) { show_progress("filling", filled, pending); });
        return true;
    });
}

/// The bare loop fills the work queues that the intake then empties.
flow_round measure_round(rabbitmq_node& broker, const amqp_options& chosen, const amqp_case& at,
                         const flow_plan& plan, const std::string& relay_directory) {
    flow_round round;
    {
        const scratch_vhost vhost(broker);
        const auto queue = vhost.queue(at.kind, chosen.partitions);
        round.bare = in_own_process<flow_result>([&] { return run_bare(queue, plan); });
        const store_directory directory(chosen.directory);
        round.intake = in_own_process<flow_result>([&] { return run_intake(directory.path(), queue, plan); });
    }
    fill_outbox(relay_directory, plan.total(), plan.body_bytes);
    const scratch_vhost vhost(broker);
    const auto queue = vhost.queue(at.kind, chosen.partitions);
    round.relay = in_own_process<flow_result>([&] { return run_relay(relay_directory, queue, plan); });
    return round;
}

flow_row measure_flows(rabbitmq_node& broker, const amqp_options& chosen, const amqp_case& at) {
    const store_directory directory(chosen.directory);
    const flow_plan plan{chosen.events, at.window, chosen.body_bytes};
    flow_row row{at, {}};
    while (row.rounds.size() < chosen.rounds) {
        show_progress(at.kind + ", window " + std::to_string(at.window) + ", round", row.rounds.size() + 1,
                      chosen.rounds);
        row.rounds.push_back(measure_round(broker, chosen, at, plan, directory.path()));
    }
    return row;
}

latency_row measure_latencies(rabbitmq_node& broker, const amqp_options& chosen, const amqp_case& at) {
    latency_plan plan;
    plan.rate = chosen.rate;
    plan.length = as_duration(chosen.latency_seconds);
    plan.window = at.window;
    plan.body_bytes = chosen.body_bytes;
    latency_row row{at, {}, {}};
    {
        const scratch_vhost vhost(broker);
        const auto queue = vhost.queue(at.kind, chosen.partitions);
        row.bare = in_own_process<latency_result>([&] { return run_bare_at_rate(queue, plan); });
    }
    const scratch_vhost vhost(broker);
    const auto queue = vhost.queue(at.kind, chosen.partitions);
    const store_directory receiver(chosen.directory);
    const store_directory worker(chosen.directory);
    row.through = in_own_process<latency_result>(
        [&] { return run_ack_to_handler(receiver.path(), worker.path(), queue, plan); });
    return row;
}

/// With the relay's window as the daemon has it.
drain_result measure_drain(rabbitmq_node& broker, const amqp_options& chosen) {
    const store_directory directory(chosen.directory);
    fill_outbox(directory.path(), chosen.drain, chosen.body_bytes);
    const scratch_vhost vhost(broker);
    const auto queue = vhost.queue(chosen.kinds.front(), chosen.partitions);
    const drain_plan plan{chosen.rate, as_duration(chosen.slice_seconds), chosen.body_bytes};
    return in_own_process<drain_result>([&] {
        return run_drain(directory.path(), queue, plan,
                         [&](std::uint64_t drained) { show_progress("draining", drained, chosen.drain); });
    });
}

amqp_findings measure(const amqp_options& chosen) {
    rabbitmq_node broker;
    // As an installed one has it; tests have less, and a full queue would mean an alarm.
    broker.evaluate("vm_memory_monitor:set_vm_memory_high_watermark(0.4)");
    amqp_findings found;
    found.rate = chosen.rate;
    for (const std::string& kind : chosen.kinds)
        for (const std::size_t window : chosen.windows) {
            if (chosen.rounds > 0)
                found.flows.push_back(measure_flows(broker, chosen, {kind, window}));
            if (chosen.latency_seconds > 0)
                found.latencies.push_back(measure_latencies(broker, chosen, {kind, window}));
        }
    if (chosen.drain > 0)
        found.drain = measure_drain(broker, chosen);
    return found;
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    int exit_code = 0;
    const auto chosen = read_amqp_options(argc, argv, exit_code);
    if (!chosen)
        return exit_code;
    ::setenv("TMPDIR", chosen->directory.c_str(), 1); // for the broker's data
    try {
        const amqp_findings found = measure(*chosen);
        std::cout << (chosen->json ? as_json(found) : as_text(found));
        return meets_targets(found) || !chosen->checks_targets ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "amqp: " << error.what() << "\n";
        return 1;
    }
}
