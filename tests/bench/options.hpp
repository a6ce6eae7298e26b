/// The load program's command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace outreachd::bench {

struct options {
    std::string url = "https://127.0.0.1:8443/webhooks/outreach";
    std::string secret;
    std::size_t connections = 64;
    std::size_t threads = 1;
    double seconds = 10;
    double warmup_seconds = 1;
    double timeout_seconds = 10;
    std::optional<double> rate;
    std::optional<std::uint64_t> requests;
    std::size_t body_bytes = 1024;
    bool event_id = false;
    bool new_connection = false;
    bool resume = false;
    bool tls12 = false;
    std::size_t idle = 0;
    double hold_seconds = 2;
    std::size_t slow = 0;
    double slow_interval_seconds = 3;
    std::vector<pid_t> server_pids;
    std::vector<std::string> server_groups;
    bool allow_resets = false;
    bool json = false;
};

/// Nothing where the program has nothing left to do (help shown, a mistake reported): `exit_code` then says
/// how.
std::optional<options> read_options(int argc, char** argv, int& exit_code);

} // namespace outreachd::bench
