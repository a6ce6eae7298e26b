/// `outreachd import`: records from a CSV file.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <string>
#include <vector>

namespace outreachd::command_line {

struct import_options {
    std::string type; ///< accounts, prospects
    std::string file;
    std::vector<std::string> mappings; ///< `COLUMN=FIELD`
    std::string dupe_method = "skip";
    std::string hash = "hex"; ///< See `upload_hash`.
    bool is_followed = false; ///< To its end.
    bool is_json = false;
};

/// Returns the exit code: `failed` where anything failed that was followed.
int import_file(const std::string& config_path, const import_options& options, const streams& to);

} // namespace outreachd::command_line
