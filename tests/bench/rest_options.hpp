/// The command line of `rest`.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace outreachd::bench {

struct rest_options {
    std::vector<unsigned> threads = {1, 4, 16};
    std::uint64_t requests = 20'000;
    unsigned rounds = 3;
};

/// As `read_options` of `ingest`.
std::optional<rest_options> read_rest_options(int argc, char** argv, int& exit_code);

} // namespace outreachd::bench
