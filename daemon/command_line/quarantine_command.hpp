/// `outreachd quarantine list`, `show`, `recheck` and `discard`.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

struct quarantine_options {
    std::string limit;  ///< 1 to 1,000; 50 where empty.
    std::string before; ///< A request's id: only older ones.
    bool is_json = false;
};

/// All return the exit code.
int list_quarantine(const std::string& config_path, const quarantine_options& options, const streams& to);
int show_quarantined(const std::string& config_path, const std::string& id, bool is_json, const streams& to);
/// Checks all against the secrets that the running daemon has.
int recheck_quarantine(const std::string& config_path, const streams& to);
int discard_quarantined(const std::string& config_path, const std::string& id, const streams& to);

} // namespace outreachd::command_line
