/// `outreachd api`: one authenticated call of the Outreach REST API, or all pages of a list.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace outreachd::command_line {

struct api_options {
    std::string method; ///< In any case.
    std::string path;   ///< Below `outreach.base_url`, or a whole URL at the API.
    std::vector<std::string> filters;
    std::vector<std::string> action_parameters; ///< `NAME=VALUE`
    std::vector<std::string> fields;            ///< `TYPE=a,b`
    std::string include;
    std::string sort;
    std::uint32_t page_size = 0;   ///< 0: Outreach's own.
    std::vector<std::string> data; ///< JSON, `@FILE` or `-`. One at most.
    std::string program;           ///< jq. Empty: none.
    bool is_raw = false;
    bool is_counting = false;
    bool is_paginated = false;
};

/// Returns the exit code.
int call_api(const std::string& config_path, const api_options& options, const streams& to);

} // namespace outreachd::command_line
