#include "tests/bench/dispatch_options.hpp"

#include "tests/bench/parse_options.hpp"

#include <CLI/CLI.hpp>

namespace outreachd::bench {

std::optional<dispatch_options> read_dispatch_options(int argc, char** argv, int& exit_code) {
    dispatch_options read;
    CLI::App app{"Fills a store with pending deliveries and measures how fast a dispatcher hands them on.",
                 "dispatch"};
    app.option_defaults()->always_capture_default();
    app.add_option("--pending", read.pending,
                   "Deliveries that wait; 5,000,000 need 15 GB and minutes to fill")
        ->delimiter(',')
        ->check(CLI::Range(1ULL, 1'000'000'000ULL));
    app.add_option("--concurrency", read.concurrency, "Worker threads of each handler")
        ->delimiter(',')
        ->check(CLI::Range(1, 256));
    app.add_option("--handlers", read.handlers, "Handlers, each with its share of what is pending")
        ->delimiter(',')
        ->check(CLI::Range(1, 1000));
    app.add_option("--deliveries", read.deliveries, "A measurement ends with so many")
        ->check(CLI::Range(1ULL, 1'000'000'000ULL));
    app.add_option("--seconds", read.seconds, "Or after so long")->check(CLI::Range(0.01, 1e6));
    app.add_option("--body-bytes", read.body_bytes, "Size of each body")
        ->check(CLI::Range(200, 16 * 1024 * 1024));
    app.add_option("--directory", read.directory, "Where the stores are made, and removed again")
        ->check(CLI::ExistingDirectory);
    auto* const http =
        app.add_flag("--http", read.http, "POST each delivery to a server on loopback (an http handler)");
    app.add_option("--exec", read.program, "Run this program for each delivery (an exec handler)")
        ->excludes(http);
    app.add_flag(
        "--check-ratio", read.checks_ratio,
        "Fail where a delivery costs over 1.5 times as much with the most pending as with the least");
    app.add_flag("--json", read.json, "Report as a JSON array");
    if (!parse_options(app, argc, argv, exit_code))
        return std::nullopt;
    return read;
}

} // namespace outreachd::bench
