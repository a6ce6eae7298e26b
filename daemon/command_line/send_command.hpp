/// `outreachd send`: signs events and POSTs them to the listener, as Outreach would.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace outreachd::command_line {

/// At most this many requests in one run.
inline constexpr std::uint64_t send_total_max = 10'000'000;

struct send_options {
    std::vector<std::string> what; ///< Event names, globs over them, `all`, paths of files.
    std::string url;               ///< Empty: from the configuration.
    std::string ca_file;           ///< Empty: the configured certificate and the system's.
    std::string endpoint;          ///< Empty: the only one there is.
    std::string rate;              ///< `50` or `50/s`; empty: as fast as the answers come.
    std::uint64_t count = 1;       ///< Times that each of `what` is sent.
    bool is_insecure = false;
    bool is_dry_run = false; ///< Sends nothing to the listener; see `rehearse`.
    bool is_json = false;
};

/// Returns the exit code.
int send(const std::string& config_path, const send_options& options, const streams& to);

} // namespace outreachd::command_line
