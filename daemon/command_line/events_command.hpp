/// `outreachd events list` and `outreachd events show ID`.
#pragma once

#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

/// What a list is narrowed to, as typed; empty fields narrow nothing.
struct list_options {
    std::string limit;  ///< 1 to 1,000; 50 where empty.
    std::string before; ///< An event's id: only older ones.
    std::string since;  ///< RFC 3339, or how long ago: `2h`.
    std::string state;  ///< pending, published, done, dead or unrouted.
    std::string handler;
    std::string name;
    std::string resource; ///< `task`, or `task:123`.
    bool is_json = false;
};

/// Both return the exit code.
int list_events(const std::string& config_path, const list_options& options, const streams& to);
int show_event(const std::string& config_path, const std::string& id, bool is_json, const streams& to);

} // namespace outreachd::command_line
