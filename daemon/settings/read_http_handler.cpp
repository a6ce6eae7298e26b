/// The keys of a handler of type `http`.
#include "daemon/settings/certificate_check.hpp"
#include "daemon/settings/environment.hpp"
#include "daemon/settings/expressions.hpp"
#include "daemon/settings/json_value.hpp"
#include "daemon/settings/read_headers.hpp"
#include "daemon/settings/secrets.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/settings/url_check.hpp"
#include "daemon/settings/webhook_key.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/host_name.hpp"

#include <algorithm>
#include <set>

namespace outreachd::settings {

namespace {

constexpr std::size_t method_length_max = 16;

bool is_signature(std::string_view name) {
    return name == "webhook-id" || name == "webhook-timestamp" || name == "webhook-signature";
}

void read_method(const section_reader& section, std::string& into) {
    const auto value = section.find("method");
    if (!value)
        return;
    const auto text = read_text(*value);
    if (!text)
        return;
    const bool is_upper_case =
        std::all_of(text->begin(), text->end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    if (!is_upper_case || text->size() > method_length_max)
        value->error(in_quotes(*text) +
                     " is no method: capital letters, as in POST, PUT, PATCH, DELETE, GET");
    else if (*text == "HEAD" || *text == "CONNECT" || *text == "TRACE")
        value->error(in_quotes(*text) + " hands nothing over; use POST, PUT, PATCH, DELETE or GET");
    else
        into = *text;
}

void read_header(const value_ref& map, const yaml_entry& entry, bool is_signed, std::set<std::string>& seen,
                 std::vector<header>& into) {
    const yaml_node& name = *entry.key;
    if (!check_http_header_name(map, name, seen))
        return;
    if (is_signed && is_signature(to_lower(name.text)))
        map.found.error(map.key, name.where, in_quotes(name.text) + " is what 'sign' gives; leave it out");
    read_header_value(map, entry, into);
}

void read_sign(const section_reader& section, secret& into) {
    const auto sign = section.section("sign", known::sign);
    if (!sign)
        return;
    const auto value = sign->require("secret", "the secret that requests are signed with");
    const auto written = value ? read_secret(*value) : std::nullopt;
    if (!written)
        return;
    auto key = webhook_key(*written);
    if (!key) {
        value->error("begins with 'whsec_', and what follows is no base64");
        return;
    }
    if (key->reveal().size() < webhook_key_bytes_min)
        value->warning("the key is shorter than the 24 bytes that Standard Webhooks asks for");
    into = std::move(*key);
}

} // namespace

std::optional<std::vector<std::string>> read_allow_hosts(const section_reader& section) {
    const auto value = section.find("allow_hosts");
    if (!value)
        return std::nullopt;
    auto patterns = read_text_list(*value).value_or(std::vector<std::string>{});
    if (patterns.empty() && value->found.is_sound(value->key))
        value->error("is an empty list; name at least one host");
    for (std::size_t at = 0; at < patterns.size(); ++at)
        if (const std::string& pattern = patterns[at]; !is_host_pattern(pattern))
            value->found.error(value->key + "[" + std::to_string(at) + "]", value->node.items[at]->where,
                               in_quotes(pattern) + " is no host: a name alone, without scheme, port and "
                                                    "path, or *.example.com for all below one");
    return patterns;
}

std::optional<http_body> read_body(const value_ref& value) {
    const bool is_json =
        value.node.type == yaml_node::kind::map || value.node.type == yaml_node::kind::sequence;
    if (value.node.type == yaml_node::kind::scalar && value.node.text.empty())
        return http_body{};
    auto text = is_json ? read_json(value) : read_template(value, lines::many);
    if (!text)
        return std::nullopt;
    return http_body{std::move(*text), is_json};
}

void read_ca(const section_reader& section, std::string& into) {
    const auto value = section.find("ca");
    if (!value)
        return;
    const auto path = read_text(*value);
    if (!path)
        return;
    authorities read = read_authorities(*path);
    if (!read.problem.empty())
        value->error(read.problem);
    into = std::move(read.pem);
}

http_handler read_http_handler(const section_reader& section) {
    static constexpr std::string_view formats[] = {"raw", "cloudevents"};
    static constexpr http_format format_values[] = {http_format::raw, http_format::cloudevents};
    http_handler read;
    const auto allow_hosts = read_allow_hosts(section);
    if (const auto url = section.require("url", "the URL that events are sent to")) {
        read.hides_path = expand_environment(url->node.text).has_variable;
        if (auto text = read_url_template(*url, allow_hosts))
            read.url = std::move(*text);
    }
    read.allow_hosts = allow_hosts.value_or(std::vector<std::string>{});
    read_method(section, read.method);
    read_sign(section, read.sign_key);
    const bool is_signed = section.find("sign").has_value();
    std::set<std::string> seen;
    for_each_header(section, [&](const value_ref& map, const yaml_entry& entry) {
        read_header(map, entry, is_signed, seen, read.headers);
    });
    section.read_choice<http_format>("format", read.format, formats, format_values);
    if (const auto body = section.find("body")) {
        read.body = read_body(*body);
        if (read.format == http_format::cloudevents)
            body->error(
                "can't stand beside 'format: cloudevents', which sends the event in a form of its own");
    }
    read_ca(section, read.ca);
    if (const auto proxy = section.find("proxy"))
        read.proxy = read_proxy(*proxy);
    return read;
}

} // namespace outreachd::settings
