#include "tests/bench/rest_options.hpp"

#include "tests/bench/parse_options.hpp"

#include <CLI/CLI.hpp>

namespace outreachd::bench {

std::optional<rest_options> read_rest_options(int argc, char** argv, int& exit_code) {
    rest_options read;
    CLI::App app{"Measures requests to the Outreach REST API, against a server on loopback, beside curl.",
                 "rest"};
    app.option_defaults()->always_capture_default();
    app.add_option("--threads", read.threads, "Threads that send by one client; as many curl processes")
        ->delimiter(',')
        ->check(CLI::Range(1, 256));
    app.add_option("--requests", read.requests, "Of all threads together")
        ->check(CLI::Range(256, 10'000'000));
    app.add_option("--rounds", read.rounds, "In turns; the medians are told")->check(CLI::Range(1, 99));
    if (!parse_options(app, argc, argv, exit_code))
        return std::nullopt;
    return read;
}

} // namespace outreachd::bench
