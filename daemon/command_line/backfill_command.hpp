/// `outreachd backfill`: has the running daemon fetch what changed while nobody listened.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

struct backfill_options {
    std::string since;     ///< `2h`, `7d`, RFC 3339. Empty: only shows the run that there is, or was.
    std::string resources; ///< With commas between; empty: as configured.
    bool is_dry_run = false;
    bool is_forced = false; ///< Also further back than the store remembers.
    bool is_json = false;
};

/// Follows the run to its end; Ctrl-C ends the following alone. Returns the exit code: `failed` where a
/// resource couldn't be compared.
int backfill(const std::string& config_path, const backfill_options& options, const streams& to);

} // namespace outreachd::command_line
