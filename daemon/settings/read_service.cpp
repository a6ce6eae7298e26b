/// The sections about the service itself: listen, endpoints, store, admin, log.
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/settings/secrets.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/settings/units.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

namespace outreachd::settings {

namespace {

constexpr range<std::uint16_t> any_port{0, 65'535};

// The upper bounds: heads are parsed in one piece, a body is held in memory and must fit a row of
// SQLite, which takes 1,000,000,000 bytes, and a connection is a file descriptor.
constexpr range<std::uint64_t> headers_range{1024, 1024ULL * 1024};
constexpr range<std::uint64_t> body_range{1024, 512ULL * 1024 * 1024};
constexpr range<std::uint32_t> connections_range{1, 1'000'000};

/// Each request that fails is computed with every secret.
constexpr std::size_t secrets_max = 64;

void read_address(const section_reader& section, std::string& into) {
    const auto value = section.find("address");
    if (!value)
        return;
    auto text = read_text(*value);
    if (!text)
        return;
    if (is_ip_address(*text))
        into = std::move(*text);
    else
        value->error(in_quotes(*text) + " is not an IP address such as 127.0.0.1, ::1 or :: (all)");
}

void read_limits(const section_reader& listen_section, limits& into) {
    const auto section = listen_section.section("limits", known::limits);
    if (!section)
        return;
    section->read_size("headers", into.headers_bytes_max, headers_range);
    section->read_size("body", into.body_bytes_max, body_range);
    section->read_number("connections", into.connections_max, connections_range);
    section->read("handshake_timeout", into.handshake_timeout, any_duration);
    section->read("header_timeout", into.header_timeout, any_duration);
    section->read("body_timeout", into.body_timeout, any_duration);
    section->read("idle_timeout", into.idle_timeout, any_duration);
}

void read_tls(const section_reader& section, std::optional<tls_files>& into) {
    const auto value = section.find("tls");
    if (!value)
        return;
    if (value->node.type != yaml_node::kind::map) {
        const auto text = read_scalar(*value, "{certificate: PATH, private_key: PATH}, or 'off'");
        if (text && text->text != "off")
            value->error(in_quotes(text->text) +
                         " is neither 'off' nor {certificate: PATH, private_key: PATH}");
        return;
    }
    const section_reader files{*value, known::tls};
    into.emplace();
    if (files.require("certificate", "a PEM file with the server's certificate and its chain"))
        files.read("certificate", into->certificate);
    if (files.require("private_key", "the PEM file of the certificate's key"))
        files.read("private_key", into->private_key);
}

void read_path(const section_reader& section, std::string& into) {
    const auto value = section.require("path", "the path that Outreach posts to, as in /webhooks/outreach");
    if (!value)
        return;
    auto text = read_text(*value);
    if (!text)
        return;
    const auto is_odd = [](char c) { return c <= ' ' || c > '~'; };
    if (!text->starts_with('/'))
        value->error(in_quotes(*text) + " should begin with '/'");
    else if (text->find_first_of("?#") != std::string::npos)
        value->error(in_quotes(*text) + " holds a '?' or '#'; a path is matched without its query");
    else if (std::any_of(text->begin(), text->end(), is_odd))
        value->error(in_quotes(*text) +
                     " should be visible ASCII; write other characters as %XX, as they come");
    else
        into = std::move(*text);
}

void read_source(const section_reader& section, std::string& into) {
    const auto value = section.find("source");
    if (!value)
        return;
    auto text = read_text(*value);
    if (text && text->find(' ') != std::string::npos)
        value->error(in_quotes(*text) + " holds a blank; a CloudEvents source is a URI or a plain name");
    else if (text)
        into = std::move(*text);
}

void read_endpoint_secrets(const section_reader& section, endpoint& into) {
    const auto elements = section.list("secrets");
    if (elements.size() > secrets_max)
        section.found().error(section.key_of("secrets"), elements[secrets_max].node.where,
                              "more than " + std::to_string(secrets_max) + " secrets");
    for (const value_ref& element : elements)
        if (auto read = read_secret(element))
            into.secrets.push_back(std::move(*read));
    if (section.found().is_sound(section.key_of("secrets")) && into.secrets.empty() &&
        section.found().is_sound(section.key_of("unsigned")) &&
        into.unsigned_requests == unsigned_policy::reject)
        section.found().error(
            section.key_of("secrets"), section.found().where(section.key_of("secrets")),
            "an endpoint needs a secret, so that genuine requests can be told; for a webhook "
            "that was made without one write 'unsigned: accept'");
}

endpoint read_endpoint(const section_reader& section) {
    static constexpr std::string_view policies[] = {"reject", "accept"};
    static constexpr unsigned_policy policy_values[] = {unsigned_policy::reject, unsigned_policy::accept};
    endpoint read;
    read_path(section, read.path);
    read_source(section, read.source);
    section.read_choice<unsigned_policy>("unsigned", read.unsigned_requests, policies, policy_values);
    read_endpoint_secrets(section, read);
    section.read("dedup_window", read.dedup_window, any_duration);
    section.read_size("quarantine", read.quarantine_bytes_max, {0, size_bytes_max});
    return read;
}

void read_hosts(const section_reader& section, std::vector<std::string>& into) {
    const auto value = section.find("hosts");
    if (!value)
        return;
    auto hosts = read_text_list(*value);
    if (!hosts)
        return;
    for (std::size_t at = 0; at < hosts->size(); ++at)
        if ((*hosts)[at].find_first_of("/ @") != std::string::npos)
            value->found.error(value->key + "[" + std::to_string(at) + "]", value->node.items[at]->where,
                               in_quotes((*hosts)[at]) + " is not a host name; leave out scheme and path");
    into = std::move(*hosts);
}

} // namespace

bool read_listen(const section_reader& top, listen& into) {
    const auto section = top.section("listen", known::listen);
    if (!section)
        return !top.find("listen");
    read_address(*section, into.address);
    section->read_number("port", into.port, any_port);
    read_tls(*section, into.tls);
    section->read("plaintext", into.plaintext);
    read_limits(*section, into.limits);
    return true;
}

void read_endpoints(const section_reader& top, std::vector<endpoint>& into) {
    const auto given = top.require("endpoints", "at least one, with path and secrets");
    for (const value_ref& element : top.list("endpoints"))
        // A broken one is kept as well: how many there are, and at which index, is told by the rest.
        into.push_back(expect_map(element) ? read_endpoint({element, known::endpoint}) : endpoint{});
    if (given && into.empty() && given->node.type == yaml_node::kind::sequence)
        given->error("is an empty list; at least one endpoint is needed");
}

void read_store(const section_reader& top, store& into) {
    const auto section = top.section("store", known::store);
    if (!section)
        return;
    section->read("directory", into.directory);
    if (const auto directory = section->find("directory"); directory && !into.directory.starts_with('/')) {
        std::error_code unknown;
        const auto meant = std::filesystem::absolute(into.directory, unknown).lexically_normal();
        directory->warning(in_quotes(into.directory) +
                           " is relative to the directory that outreachd is started in, and is '" +
                           meant.string() + "' now; started elsewhere it finds other events, or none");
    }
    const auto kept = section->section("retention", known::retention);
    if (!kept)
        return;
    kept->read("done", into.retention.done, any_duration);
    kept->read("unrouted", into.retention.unrouted, any_duration);
    kept->read("dead", into.retention.dead, any_duration);
    kept->read_size("size", into.retention.size_bytes_max, {1024ULL * 1024, size_bytes_max});
}

void read_admin(const section_reader& top, admin& into) {
    const auto section = top.section("admin", known::admin);
    if (!section)
        return;
    read_address(*section, into.address);
    section->read_number("port", into.port, any_port);
    if (const auto token = section->find("token"))
        if (auto read = read_secret(*token))
            into.token = std::move(*read);
    read_hosts(*section, into.hosts);
}

void read_log(const section_reader& top, log& into) {
    const auto section = top.section("log", known::log);
    if (!section)
        return;
    static constexpr std::string_view formats[] = {"text", "json"};
    static const std::array<std::string, 2> format_values = {"text", "json"};
    static const std::array<std::string, 4> level_values = {"debug", "info", "warn", "error"};
    section->read_choice<std::string>("level", into.level, log_levels, level_values);
    section->read_choice<std::string>("format", into.format, formats, format_values);
}

} // namespace outreachd::settings
