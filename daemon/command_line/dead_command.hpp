/// `outreachd dead list`, `show`, `replay` and `discard`.
#pragma once

#include "daemon/command_line/events_command.hpp"
#include "daemon/command_line/streams.hpp"

#include <string>

namespace outreachd::command_line {

/// What `replay` and `discard` are asked to change.
struct dead_selection {
    std::string id;             ///< One delivery; or
    bool is_all = false;        ///< all of them, or
    list_options narrowed;      ///< those of a handler, since a time, of a name, of a resource.
    bool is_from_start = false; ///< Of `replay`: steps that are done are done again.
};

/// All return the exit code.
int list_dead(const std::string& config_path, const list_options& options, const streams& to);
int show_dead(const std::string& config_path, const std::string& id, bool is_json, const streams& to);
int replay_dead(const std::string& config_path, const dead_selection& what, const streams& to);
int discard_dead(const std::string& config_path, const dead_selection& what, const streams& to);

} // namespace outreachd::command_line
