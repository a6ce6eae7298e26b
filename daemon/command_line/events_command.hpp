/// `outreachd events list`, `show` and `replay`.
#pragma once

#include "daemon/command_line/streams.hpp"
#include "daemon/event/timestamp.hpp"

#include <string>

namespace outreachd::command_line {

/// What a list is narrowed to, as typed; empty fields narrow nothing.
struct list_options {
    std::string limit;  ///< 1 to 1,000; 50 where empty.
    std::string before; ///< An event's id: only older ones.
    std::string since;  ///< RFC 3339, or how long ago: `2h`.
    std::string state;  ///< pending, published, done, dead, unrouted or discarded.
    std::string handler;
    std::string name;     ///< A glob on events' names.
    std::string resource; ///< `task`, or `task:123`.
    std::string cursor;   ///< Where a replay that was cut off goes on.
    bool is_json = false;
};

/// The same, with a time where `since` says how long ago: a change that is made in pieces asks more than
/// once.
list_options with_fixed_since(list_options options, wall_time now);

/// The query that these make, percent-encoded, without the `?`; empty where nothing narrows.
std::string query_of(const list_options& options);

/// All return the exit code.
int list_events(const std::string& config_path, const list_options& options, const streams& to);
int show_event(const std::string& config_path, const std::string& id, bool is_json, const streams& to);
/// One event, or, where `id` is empty, all since `narrowed.since`.
int replay_events(const std::string& config_path, const std::string& id, const list_options& narrowed,
                  const streams& to);

} // namespace outreachd::command_line
