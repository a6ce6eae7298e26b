/// What stands under the options in each `--help`: examples, and how the command ends.
#pragma once

#include <string>
#include <string_view>

namespace outreachd::command_line::help_text {

inline constexpr std::string_view program =
    R"(Start here:
  export OUTREACHD_CONFIG=./outreachd.yaml
  outreachd check                        is the configuration right?
  outreachd serve                        run the daemon
  outreachd send task.completed          in another terminal: send it a signed event
  outreachd events list                  what came, and what became of it

`outreachd COMMAND --help` says more. The manual is outreachd(1).

Environment:
  OUTREACHD_CONFIG    the configuration file where -c names none

Exit codes:
  0 done    1 failed    64 wrong usage    69 nothing answers    78 wrong configuration)";

inline constexpr std::string_view serve =
    R"(Runs in the foreground and logs to standard error. SIGTERM and SIGINT stop it: it answers what is
in flight, finishes or gives back deliveries within `shutdown_timeout`, and exits 0. A second one
ends it at once. SIGHUP opens the handlers' files anew, for log rotation.

Examples:
  outreachd serve
  outreachd serve -c ./outreachd.yaml

Exit codes:
  0 stopped when asked to    1 could not start    64 wrong usage    78 wrong configuration)";

inline constexpr std::string_view check =
    R"(Does what starting does, up to the first socket: reads the file, its secrets, certificate and key.
Each problem is a line FILE:LINE:COLUMN: message on standard error, all of them in one go. A line
marked `warning:` is worth reading and keeps nothing from starting.

Examples:
  outreachd check
  outreachd check -c ./outreachd.yaml && outreachd serve -c ./outreachd.yaml

Exit codes:
  0 the file is right    64 wrong usage    78 it isn't, or isn't there)";

inline constexpr std::string_view status =
    R"(Asks the running daemon, by the address and token under `admin:` in the configuration.

Examples:
  outreachd status
  outreachd status --json | jq .handlers

Exit codes:
  0 it answered    1 it refused    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view events =
    R"(Examples:
  outreachd events list --since 2h --state dead
  outreachd events show 01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f)";

inline constexpr std::string_view events_list =
    R"(Newest first. Asks the running daemon. The last line says how to get the next, older page.

Examples:
  outreachd events list
  outreachd events list --since 2h --state dead
  outreachd events list --name task.completed --resource task:330021 --json

Exit codes:
  0 done    1 the daemon refused    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view events_show =
    R"(Asks the running daemon for everything it knows of one event: when it was received and stored, where
it was routed to, what became of each delivery, and, where an attempt failed, every attempt with its
time, duration, outcome and reason.

Examples:
  outreachd events show 01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f
  outreachd events show 01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f --json

Exit codes:
  0 done    1 no such event    64 wrong usage    69 no daemon answers    78 wrong configuration)";

/// With the names of all samples, which is why it is no constant.
std::string send();

} // namespace outreachd::command_line::help_text
