#include "tests/bench/amqp_options.hpp"

#include "tests/bench/parse_options.hpp"

#include <CLI/CLI.hpp>

namespace outreachd::bench {

std::optional<amqp_options> read_amqp_options(int argc, char** argv, int& exit_code) {
    amqp_options read;
    CLI::App app{"Starts a RabbitMQ broker and measures the way through it beside the broker's own limit.",
                 "amqp"};
    app.option_defaults()->always_capture_default();
    app.add_option("--kinds", read.kinds, "Types of the work queues")
        ->delimiter(',')
        ->check(CLI::IsMember({"quorum", "classic"}));
    app.add_option("--windows", read.windows, "Events in flight; twice as many messages")
        ->delimiter(',')
        ->check(CLI::Range(1, 100'000));
    app.add_option("--events", read.events, "A measurement of a rate ends with so many")
        ->check(CLI::Range(1ULL, 1'000'000ULL));
    app.add_option("--rounds", read.rounds, "Measurements of each rate, in turns; 0: none")
        ->check(CLI::Range(0, 1000));
    app.add_option("--rate", read.rate, "Events a second, where latencies are measured")
        ->check(CLI::Range(1.0, 1e5));
    app.add_option("--latency-seconds", read.latency_seconds, "How long those are measured; 0: not at all")
        ->check(CLI::Range(0.0, 1e5));
    app.add_option("--drain", read.drain,
                   "Events that wait in an outbox, and are drained while acks are timed; 0: none. A million "
                   "need 5 GB")
        ->check(CLI::Range(0ULL, 1'000'000'000ULL));
    app.add_option("--slice-seconds", read.slice_seconds,
                   "Acks are timed so long without and with draining, in turns")
        ->check(CLI::Range(0.01, 1e5));
    app.add_option("--partitions", read.partitions, "Work queues")->check(CLI::Range(1, 256));
    app.add_option("--body-bytes", read.body_bytes, "Size of each body")
        ->check(CLI::Range(200, 16 * 1024 * 1024));
    app.add_option("--directory", read.directory,
                   "Where the stores and the broker's data are made, and removed again")
        ->check(CLI::ExistingDirectory);
    app.add_flag(
        "--check-targets", read.checks_targets,
        "Fail where the relay reaches less than 0.8 of the broker's limit, or draining makes the p99 "
        "of acks over 1.5 times as long");
    app.add_flag("--json", read.json, "Report as a JSON object");
    if (!parse_options(app, argc, argv, exit_code))
        return std::nullopt;
    return read;
}

} // namespace outreachd::bench
