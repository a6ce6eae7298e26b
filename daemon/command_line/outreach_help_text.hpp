/// What stands under the options in the `--help` of commands that call Outreach.
#pragma once

#include <string_view>

namespace outreachd::command_line::help_text {

inline constexpr std::string_view api =
    R"(PATH stands below `outreach.base_url`: /prospects, /tasks/5; `/` says whose token it is. The answer
is printed as it came. The command waits where the hourly limit or a token asks for it; Ctrl-C ends
that.

A filter is id=1,2 or updatedAt=2026-11-01..2026-11-30 (either end may be missing), owner.id=5 for a
relationship, or Outreach's own form: 'filter[name]=Ann'. __null__ and __notnull__ are values.
With --paginate each resource is a line of its own, as it came, and --jq sees one at a time.

Examples:
  outreachd api GET /
  outreachd api GET /prospects --filter owner.id=5 --filter updatedAt=2026-11-01.. --sort -updatedAt
  outreachd api GET /tasks --filter state=incomplete --paginate --jq .attributes.note --raw
  outreachd api PATCH /prospects/17 --data @change.json
  outreachd api POST /tasks/5/actions/snooze --action-param dueAt=2026-12-01T09:00:00Z

Exit codes:
  0 done    1 Outreach refused, or may have done it    64 wrong usage    69 no login, or no answer
  78 wrong configuration    130 interrupted)";

inline constexpr std::string_view auth =
    R"(Examples:
  outreachd auth login
  outreachd auth status)";

inline constexpr std::string_view auth_login =
    R"(Prints a URL, for a browser. Whoever allows there what it asks for is who the daemon acts for. The
browser comes back to a port of this machine's loopback, or to `outreach.auth.redirect_uri`; where
that is elsewhere, paste the URL that the browser ended at. Ten minutes are given.

What Outreach gives is kept in the store's directory, where the daemon finds it, too: run this as
the daemon's user. Where the app's secret is a variable or a credential that only the service has,
systemd-run gives it to a command, too: `man outreachd`, ENVIRONMENT. Only for `type: oauth`.

Examples:
  outreachd auth login
  sudo -u outreachd outreachd auth login --no-browser

Exit codes:
  0 logged in    1 refused, or nobody came    64 wrong usage    69 tokens can't be kept
  78 wrong configuration    130 interrupted)";

inline constexpr std::string_view auth_status =
    R"(Asks Outreach who we are. Never shows a token.

Examples:
  outreachd auth status
  outreachd auth status --json

Exit codes:
  0 Outreach can be used    1 a login is needed    64 wrong usage    69 no answer
  78 wrong configuration)";

inline constexpr std::string_view auth_install =
    R"(TOKEN is the `installSetupToken` that the app's set-up URL was called with; it is good for 15
minutes. Give `-`, and it is read from standard input: in the command itself every user of this
machine could read it, in the list of processes. The install's id is kept in the store's directory.
Only for `type: s2s`.

Examples:
  outreachd auth install -
  outreachd auth install - < token.txt

Exit codes:
  0 done    1 Outreach refused    64 wrong usage    69 no answer    78 wrong configuration)";

inline constexpr std::string_view bulk =
    R"(ACTION is one of Outreach's bulk actions: prospectsAddTags, accountsBulkModify, ... It is done to
all records that every --filter lets through: id=1,2 or updatedAt=2026-11-01.. or owner.id=5. The
same filter again means either value. In other values `,` and `..` are themselves.

Outreach counts the records first. On a terminal you are asked whether to go on; elsewhere give
--yes. Where they aren't counted within a minute nothing is confirmed, and without --wait that
fails.

Examples:
  outreachd bulk prospectsAddTags --filter id=17,18 --data '{"tags":["spring"]}' --wait
  outreachd bulk prospectsAssignOwner --filter owner.id=5 --data '{"ownerId":6}' --yes --wait --json

Exit codes:
  0 done    1 refused, declined, or some of it failed    64 wrong usage    69 no login, or no answer
  78 wrong configuration    130 interrupted: the batch goes on)";

inline constexpr std::string_view import =
    R"(TYPE is accounts or prospects. Each --map leads a column of the file, by its title, to a field of
Outreach; columns without one are left out. With --wait failures are listed.

Examples:
  outreachd import accounts companies.csv --map Company=name --map Site=websiteUrl
  outreachd import prospects people.csv --map Mail=emails --map First=firstName --dupe missing

Exit codes:
  0 done    1 refused, or some of it failed    64 wrong usage    69 no login, or no answer
  78 wrong configuration    130 interrupted: what was started goes on)";

} // namespace outreachd::command_line::help_text
