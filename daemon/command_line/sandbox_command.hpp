/// `outreachd sandbox`: a simulated Outreach on loopback.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <cstdint>
#include <string>

namespace outreachd::command_line {

inline constexpr std::uint64_t sandbox_limit_max = 1'000'000'000;
inline constexpr std::uint64_t sandbox_page_size_max = 1'000;

/// As typed.
struct sandbox_options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8810;            ///< 0: a free one.
    std::string access_token_life = "2h"; ///< Durations as in the configuration.
    std::string refresh_token_life = "14d";
    std::string grant_interval = "60s";
    std::uint64_t limit = 10'000; ///< At most `sandbox_limit_max`.
    std::string limit_window = "1h";
    std::uint64_t page_size = 50; ///< 1 to `sandbox_page_size_max`.
    std::string s2s_key;          ///< Path of a PEM with an RSA public key. Empty: any key is taken.
    std::string ca_file;          ///< Empty: the system's.
    bool is_insecure = false;
    bool is_empty = false;
    bool asks_consent = false;
};

/// Says what to put into the configuration, then runs until SIGINT or SIGTERM. Returns the exit code. Blocks
/// these two signals for the calling thread meanwhile; at most one at a time in a process.
int run_sandbox(const sandbox_options& typed, const streams& to);

} // namespace outreachd::command_line
