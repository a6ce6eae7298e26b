/// One function for each section of the file: from YAML to values, each value judged by itself.
/// Rules across sections stand in check_settings.
#pragma once

#include "daemon/settings/section_reader.hpp"
#include "daemon/settings/settings.hpp"
#include "daemon/settings/units.hpp"

#include <set>
#include <string>
#include <vector>

namespace outreachd::settings {

/// False where `listen` is no map, and nothing more can be said about it.
bool read_listen(const section_reader& top, listen& into);
void read_endpoints(const section_reader& top, std::vector<endpoint>& into);
void read_store(const section_reader& top, store& into);
void read_queue(const section_reader& top, queue& into);
/// Leaves both roles where the list is wrong.
void read_roles(const section_reader& top, roles& into);
void read_admin(const section_reader& top, admin& into);
void read_log(const section_reader& top, log& into);

void read_outreach(const section_reader& top, std::optional<outreach>& into);
/// The secret is that of the endpoint: `endpoints` have been read.
void read_webhooks(const section_reader& top, settings& into);
void read_backfill(const section_reader& top, backfill& into);

/// Also gives the names of handlers that are wrong, so that a route to one isn't called wrong too.
void read_handlers(const section_reader& top, std::vector<handler>& into, std::set<std::string>& names);
void read_routes(const section_reader& top, std::vector<route>& into);

/// The keys of one type of handler; each type's stand in a file of their own.
http_handler read_http_handler(const section_reader& section);
exec_handler read_exec_handler(const section_reader& section);
amqp_handler read_amqp_handler(const section_reader& section);
outreach_handler read_outreach_handler(const section_reader& section);
/// Gives the nodes of `queue.amqp` to those handlers that name none. After both have been read.
void complete_amqp_handlers(settings& read, findings& found);

/// `uri` and `ca` of a section: the nodes of a RabbitMQ cluster. Neither has to be given.
void read_amqp_nodes(const section_reader& section, amqp_nodes& into);
/// The certificates in the file that `ca` names.
void read_ca(const section_reader& section, std::string& into);
/// Host patterns. Nothing where the key isn't given; empty where it is wrong.
std::optional<std::vector<std::string>> read_allow_hosts(const section_reader& section);
/// What a request carries: a text, or a map or list that becomes JSON.
std::optional<http_body> read_body(const value_ref& value);

/// What may be chosen for a `level`.
inline constexpr std::string_view log_levels[] = {"debug", "info", "warn", "error"};

/// No wait is zero: it would be a busy loop, or fail whatever it bounds.
inline constexpr duration duration_min = std::chrono::milliseconds{1};
inline constexpr range<duration> any_duration{duration_min, duration_max};

} // namespace outreachd::settings
