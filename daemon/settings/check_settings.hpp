/// The rules that hold between keys, and with the files that they name.
#pragma once

#include "daemon/settings/findings.hpp"
#include "daemon/settings/settings.hpp"

#include <set>
#include <string>

namespace outreachd::settings {

/// Says nothing about a key that has an error already.
void check_listen(const listen& read, findings& found);
/// Opens the certificate and the key.
void check_tls_files(const listen& read, findings& found);
void check_endpoints(const std::vector<endpoint>& read, findings& found);
/// One role alone needs RabbitMQ between the hosts.
void check_roles(const settings& read, findings& found);
/// A refresh token that rotates serves one host; several share nothing but the broker.
void check_outreach(const settings& read, findings& found);
/// Handlers that call Outreach need to know how, and are told.
void complete_outreach_handlers(settings& read, findings& found);
void check_admin(const admin& read, findings& found);
void check_ports(const settings& read, findings& found);
/// `names` are all handlers of the file, those with errors included.
void check_routes(const settings& read, const std::set<std::string>& names, findings& found);
/// What is fetched by itself is to go somewhere, where this host's routes are what decides.
void check_backfill_routes(const settings& read, findings& found);

} // namespace outreachd::settings
