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
  outreachd sandbox                      an Outreach to try handlers on

`outreachd COMMAND --help` says more. The manual is outreachd(8), and
outreachd.yaml(5) for the configuration.

Environment:
  OUTREACHD_CONFIG    the configuration file where -c names none

Exit codes:
  0 done    1 failed    64 wrong usage    69 nothing answers    78 wrong configuration)";

inline constexpr std::string_view serve =
    R"(Runs in the foreground and logs to standard error. SIGTERM and SIGINT stop it: it answers what is
in flight, finishes or gives back deliveries within `shutdown_timeout`, and exits 0. A second one
ends it at once.

SIGHUP loads the configuration anew. Endpoints, secrets, certificate, routes, handlers, access to
Outreach and log level apply without a connection or a delivery being dropped, and handlers open
their files anew, for log rotation. A file with errors changes nothing. The log names them, and keys
that need a restart. A renewed certificate is taken up within seconds without a signal.

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

inline constexpr std::string_view sandbox =
    R"(Stands in for Outreach while handlers are written: OAuth and server-to-server tokens, the REST API
with some records to play with, its limits, bulk actions and imports, and webhooks that are really
delivered, with Outreach's patience: 5 seconds, any status is delivered, 4 attempts where the
network fails. It prints what to put into the configuration, logs each request to standard error,
and runs until SIGINT or SIGTERM. What it holds is gone then. It needs no configuration itself.

It listens on loopback only, and its credentials are known to all. A webhook's URL may be http on
this machine. Below /sandbox it can be told what goes wrong, and what recipients of mails do:
  curl -d '{"do":"answer","status":503,"path":"/api/v2/tasks*","times":2}' ORIGIN/sandbox/faults
  curl -d '{"remaining":3}' ORIGIN/sandbox/limit
  curl -X POST ORIGIN/sandbox/expire-tokens
  curl -X POST ORIGIN/sandbox/mailings/ID/replied
The manual has all of them.

Examples:
  outreachd sandbox
  outreachd sandbox --port 0 --insecure --grant-interval 0s
  outreachd sandbox --limit 100 --limit-window 1m

Exit codes:
  0 stopped when asked to    1 could not start    64 wrong usage)";

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
  outreachd events show 01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f
  outreachd events replay --since 2h --handler crm)";

inline constexpr std::string_view events_list =
    R"(Newest first. Asks the running daemon. The last line says how to get the next, older page. A search
that takes longer than 2 seconds is ended, and says how to go on.

Examples:
  outreachd events list
  outreachd events list --since 2h --state dead
  outreachd events list --name 'task.*' --resource task:330021 --json

Exit codes:
  0 done    1 the daemon refused    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view events_show =
    R"(Asks the running daemon for everything it knows of one event: when it was received and stored, where
it was routed to, what became of each delivery, and, where an attempt failed, every attempt with its
time, duration, outcome and reason (of more than 1000 to one handler the newest).

Examples:
  outreachd events show 01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f
  outreachd events show 01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f --json

Exit codes:
  0 done    1 no such event    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view events_replay =
    R"(Routes the event, or all that were received since a time, by the routes in force, and makes a new
delivery to each handler, in the order of receipt. A delivery that isn't finished stays as it is.
New ones have ids of their own: a receiver that drops repeats by them takes these as new. What has
left this host by RabbitMQ is published again; a worker that has it drops it. One that was cut off,
by Ctrl-C too, says how the rest is replayed alone.

Examples:
  outreachd events replay 01939c1e-5b7e-7c3a-9d4f-0a1b2c3d4e5f
  outreachd events replay --since 2h --handler crm
  outreachd events replay --since 2026-11-21T08:00:00Z --name task.completed

Exit codes:
  0 done    1 refused    64 wrong usage    69 no daemon answers    78 wrong configuration
  130 interrupted)";

inline constexpr std::string_view dead =
    R"(Examples:
  outreachd dead list --handler crm
  outreachd dead replay --handler crm)";

inline constexpr std::string_view dead_list =
    R"(Those of the newest events first. The last line says how to get the next page. A search that takes
longer than 2 seconds is ended, and says how to go on.

Examples:
  outreachd dead list
  outreachd dead list --handler crm --since 2h --json

Exit codes:
  0 done    1 the daemon refused    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view dead_show =
    R"(Shows the reason, the last answer (its first 4 KiB) and every attempt of one dead delivery.

Examples:
  outreachd dead show 5ba2f0ac-0d9b-5d0f-8d2a-6f1f0f0c2d11

Exit codes:
  0 done    1 no such delivery    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view dead_replay =
    R"(The delivery is pending again, with the same id and its attempts from one. One without a handler is
routed again. Steps of an outreach handler that have succeeded are repeated by --from-start alone.

Examples:
  outreachd dead replay 5ba2f0ac-0d9b-5d0f-8d2a-6f1f0f0c2d11
  outreachd dead replay --handler crm --since 2h
  outreachd dead replay --all
  outreachd dead replay --handler follow-up --from-start

Exit codes:
  0 done    1 refused    64 wrong usage    69 no daemon answers    78 wrong configuration
  130 interrupted)";

inline constexpr std::string_view dead_discard =
    R"(The delivery is never tried again; it is shown as discarded for as long as done events are kept.
With --handler alone, and where no handler of that name is configured any more, what still waits for
it is discarded too.

Examples:
  outreachd dead discard 5ba2f0ac-0d9b-5d0f-8d2a-6f1f0f0c2d11
  outreachd dead discard --handler gone

Exit codes:
  0 done    1 refused    64 wrong usage    69 no daemon answers    78 wrong configuration
  130 interrupted)";

inline constexpr std::string_view quarantine =
    R"(What is here was answered 401: after a secret was mistyped, genuine events are among it. When the
secrets change, by a reload or a start, all of it is checked again by itself.

Examples:
  outreachd quarantine list
  outreachd quarantine recheck)";

inline constexpr std::string_view quarantine_list =
    R"(Newest first. Nothing of it has been proved genuine.

Examples:
  outreachd quarantine list --limit 200

Exit codes:
  0 done    1 the daemon refused    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view quarantine_show =
    R"(Shows one request with its headers and its body, of which nothing has been proved genuine.

Examples:
  outreachd quarantine show 17

Exit codes:
  0 done    1 no such request    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view quarantine_recheck =
    R"(Those whose signature holds with the secrets that the daemon has now become events.

Examples:
  outreachd quarantine recheck

Exit codes:
  0 done    1 the daemon refused    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view quarantine_discard =
    R"(Nothing of it is kept.

Examples:
  outreachd quarantine discard 17

Exit codes:
  0 done    1 no such request    64 wrong usage    69 no daemon answers    78 wrong configuration)";

inline constexpr std::string_view backfill =
    R"(The running daemon asks Outreach for the records that have changed, compares them with the events
it has, and stores what is missing as events <resource>.created or <resource>.updated with
meta.backfilled: true. They go the way of all events. A record comes as it is now: deletions, and
values that were overwritten meanwhile, can't be seen this way. Half of the hourly limit is left to
others, so it may wait. Ctrl-C doesn't end it; without --since the command shows how far it is.

`backfill.on_start: auto` does this after each gap by itself.

Examples:
  outreachd backfill --since 2h
  outreachd backfill --since 2026-11-21T08:00:00Z --resources task,mailing --dry-run

Exit codes:
  0 all was compared    1 a resource couldn't be, or the daemon refuses    64 wrong usage
  69 no daemon answers    78 wrong configuration    130 interrupted; it goes on)";

/// With the names of all samples, which is why it is no constant.
std::string send();

inline constexpr std::string_view webhooks =
    R"(One webhook for each event under webhooks.subscribe, to webhooks.url, signed with the endpoint's
first secret. Only what this app has made is changed; with --all also what somebody else has, where
it leads to that URL. The command waits where the hourly limit or a token asks for it; Ctrl-C ends
that.

Examples:
  outreachd webhooks plan
  outreachd webhooks apply
  outreachd webhooks list --json

Exit codes:
  0 done    1 refused    2 a plan isn't empty    64 wrong usage    69 no login, or no answer
  78 wrong configuration    130 interrupted)";

inline constexpr std::string_view webhooks_list =
    R"(Lists every webhook that this login may see, with its state: a suspended one sends nothing.

Examples:
  outreachd webhooks list
  outreachd webhooks list --json

Exit codes:
  0 done    1 refused    64 wrong usage    69 no login, or no answer    78 wrong configuration
  130 interrupted)";

inline constexpr std::string_view webhooks_plan =
    R"(Compares Outreach's webhooks with the configuration, and changes nothing. + is created, ~ is
updated, - is deleted.

Examples:
  outreachd webhooks plan
  outreachd webhooks plan --json

Exit codes:
  0 nothing to change    2 something would change    1 refused    64 wrong usage
  69 no login, or no answer    78 wrong configuration    130 interrupted)";

inline constexpr std::string_view webhooks_apply =
    R"(Shows the plan, asks on a terminal, and makes its changes; elsewhere give --yes. Twice is as good as
once. An update also ends a suspension, and tells Outreach a changed secret: put the new one first
under secrets, and leave the old one behind it until nothing that was signed with it is on its way
any more. Ctrl-C ends it behind the change that is being made.

Examples:
  outreachd webhooks apply
  outreachd webhooks apply --yes

Exit codes:
  0 done    1 refused, or declined    64 wrong usage    69 no login, or no answer
  78 wrong configuration    130 interrupted)";

} // namespace outreachd::command_line::help_text
