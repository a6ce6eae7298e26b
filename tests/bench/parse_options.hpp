/// The command line of a benchmark.
#pragma once

#include <CLI/CLI.hpp>

namespace outreachd::bench {

/// False where there is nothing to run: help was asked for (exit code 0), or an option is wrong (64); both
/// are told.
inline bool parse_options(CLI::App& app, int argc, const char* const* argv, int& exit_code) {
    try {
        app.parse(argc, argv);
        return true;
    } catch (const CLI::ParseError& error) {
        constexpr int usage = 64;
        exit_code = app.exit(error) == 0 ? 0 : usage;
        return false;
    }
}

} // namespace outreachd::bench
