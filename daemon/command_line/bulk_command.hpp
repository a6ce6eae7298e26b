/// `outreachd bulk`: one action on many records, confirmed and followed.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace outreachd::command_line {

struct bulk_options {
    std::string action; ///< `prospectsAddTags`
    std::vector<std::string> filters;
    std::vector<std::string> action_parameters; ///< `NAME=VALUE`
    std::vector<std::string> data;              ///< JSON, `@FILE` or `-`. One at most.
    bool is_for_all = false;                    ///< May go without a filter.
    bool is_confirmed = false;                  ///< Nobody is asked.
    bool is_followed = false;                   ///< To its end.
    bool is_json = false;
    /// How long somebody who doesn't follow a batch waits until it is counted, and can be confirmed.
    std::chrono::milliseconds count_timeout = std::chrono::seconds{60};
};

/// Returns the exit code: `failed` where anything failed that was followed, and where nobody could confirm
/// it.
int run_bulk(const std::string& config_path, const bulk_options& options, const streams& to);

} // namespace outreachd::command_line
