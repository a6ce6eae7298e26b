/// The command line of `amqp`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::bench {

struct amqp_options {
    std::vector<std::string> kinds = {"quorum", "classic"};
    std::vector<std::size_t> windows = {64, 256, 1024};
    std::uint64_t events = 20'000;
    std::uint32_t rounds = 5; ///< 0: no rates are measured.
    double rate = 500;
    double latency_seconds = 10;     ///< 0: no latencies are measured.
    std::uint64_t drain = 1'000'000; ///< 0: nothing is drained.
    double slice_seconds = 15;
    std::uint32_t partitions = 8;
    std::size_t body_bytes = 1024;
    std::string directory = "/var/tmp";
    bool checks_targets = false;
    bool json = false;
};

/// As `read_options` of `ingest`.
std::optional<amqp_options> read_amqp_options(int argc, char** argv, int& exit_code);

} // namespace outreachd::bench
