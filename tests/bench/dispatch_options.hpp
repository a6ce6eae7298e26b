/// The command line of `dispatch`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outreachd::bench {

struct dispatch_options {
    std::vector<std::uint64_t> pending = {100, 100'000, 5'000'000};
    std::vector<std::uint32_t> concurrency = {1, 4, 16};
    std::vector<std::uint32_t> handlers = {1, 50};
    std::uint64_t deliveries = 20'000;
    double seconds = 10;
    std::size_t body_bytes = 1024;
    std::string directory = "/var/tmp";
    std::string program; ///< Empty: a handler that does nothing.
    bool http = false;   ///< An http handler and a server on loopback.
    bool checks_ratio = false;
    bool json = false;
};

/// As `read_options` of `ingest`.
std::optional<dispatch_options> read_dispatch_options(int argc, char** argv, int& exit_code);

} // namespace outreachd::bench
