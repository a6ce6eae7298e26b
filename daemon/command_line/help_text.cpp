/// The samples' names, by resource.
#include "daemon/command_line/help_text.hpp"

#include "daemon/command_line/samples.hpp"

namespace outreachd::command_line::help_text {

namespace {

/// `  mailing.          created updated destroyed bounced …`, a line for each resource.
std::string samples_by_resource() {
    std::string lines;
    std::string_view last_resource;
    for (const std::string_view name : sample_names()) {
        const std::string_view resource = name.substr(0, name.find('.'));
        if (resource != last_resource) {
            const std::string title = "  " + std::string{resource} + ".";
            lines += (lines.empty() ? "" : "\n") + title + std::string(28 - title.size(), ' ');
        } else {
            lines += ' ';
        }
        lines += name.substr(resource.size() + 1);
        last_resource = resource;
    }
    return lines;
}

} // namespace

std::string send() {
    return R"(NAME is an event such as task.completed, a glob over their names such as 'mailing.*', or `all`.
FILE is a path (it holds a `/` or ends in .json); its bytes are sent as they are. Each sample is
sent as a new event, with ids and times of its own; a file sent twice is a repeat.

The request is signed with the first secret of the endpoint and goes to the listener of the
configuration, whose certificate is trusted as it stands. Of more than 50 requests only those that
were not answered 200 are shown one by one.

To the daemon these are genuine events: they are stored, and handlers get them and do what they do.

With --dry-run nothing is sent, no daemon is asked and nothing is stored: it shows where the routes
lead each event, and what handlers of type outreach would ask. What only reads is asked, since later
steps need the answers; of the rest the answer is taken to be what would be sent.

Examples:
  outreachd send task.completed
  outreachd send mailing.replied --dry-run
  outreachd send 'mailing.*' --count 10
  outreachd send ./body.json --url https://hooks.example.com/webhooks/outreach
  outreachd send prospect.updated --count 3000 --rate 50/s

Samples:
)" + samples_by_resource() +
           R"(

Exit codes:
  0 all were answered 200    1 some weren't    64 wrong usage
  69 can't connect, or the certificate isn't trusted    78 wrong configuration)";
}

} // namespace outreachd::command_line::help_text
