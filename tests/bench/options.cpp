#include "tests/bench/options.hpp"

#include "tests/bench/parse_options.hpp"

#include <CLI/CLI.hpp>

namespace outreachd::bench {

std::optional<options> read_options(int argc, char** argv, int& exit_code) {
    options read;
    CLI::App app{"Drives signed webhooks at an HTTPS receiver and reports rate, latency and cost.\n"
                 "Exits 0 only where every answer was 200.",
                 "ingest"};
    app.option_defaults()->always_capture_default();

    app.add_option("--url", read.url, "Where to POST");
    app.add_option("--secret", read.secret, "Signs the bodies (HMAC-SHA256)")->required();
    app.add_option("--connections", read.connections, "Connections at once")->check(CLI::Range(1, 100'000));
    app.add_option("--threads", read.threads, "Threads that drive them")->check(CLI::Range(1, 256));
    app.add_option("--seconds", read.seconds, "Measured time")->check(CLI::Range(0.01, 1e6));
    app.add_option("--warmup", read.warmup_seconds, "Seconds of the same load before it")
        ->check(CLI::Range(0.0, 1e6));
    app.add_option("--timeout", read.timeout_seconds, "Seconds to wait for an answer")
        ->check(CLI::Range(0.01, 1e6));
    auto* const rate =
        app.add_option("--rate", read.rate,
                       "Open loop: requests a second, whatever the server does; latency counts "
                       "from when each was due");
    rate->check(CLI::Range(0.001, 1e6));
    app.add_option("--requests", read.requests, "Closed loop that ends after so many, instead of --seconds")
        ->excludes(rate);
    app.add_option("--body-bytes", read.body_bytes, "Size of each body");
    app.add_flag("--event-id", read.event_id, "Send Outreach-Webhook-Event-Id, too");
    auto* const fresh = app.add_flag("--new-connection", read.new_connection,
                                     "A connection for each request, with `Connection: close`");
    app.add_flag("--resume", read.resume, "Resume TLS sessions on new connections (else full handshakes)")
        ->needs(fresh);
    app.add_flag("--tls12", read.tls12, "Allow TLS 1.2, too");
    app.add_option("--idle", read.idle,
                   "Instead of a load: open so many connections, hold them, look at memory")
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--hold", read.hold_seconds, "Seconds before memory is looked at, with --idle");
    app.add_option("--slow", read.slow, "Hold so many slow connections during the load")
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--slow-interval", read.slow_interval_seconds, "Seconds between two bytes of a slow one");
    app.add_option("--server-pid", read.server_pids, "The server's processes; their descendants count, too")
        ->delimiter(',');
    app.add_option("--server-group", read.server_groups, "The same, by process name")->delimiter(',');
    app.add_flag("--allow-resets", read.allow_resets,
                 "Connections that were reset or refused don't make the run fail");
    app.add_flag("--json", read.json, "Report as a JSON object");

    if (!parse_options(app, argc, argv, exit_code))
        return std::nullopt;
    return read;
}

} // namespace outreachd::bench
