/// The sections about Outreach itself: outreach, webhooks, backfill.
#include "daemon/settings/certificate_check.hpp"
#include "daemon/settings/environment.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/settings/secrets.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/settings/url_check.hpp"
#include "daemon/text/url.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace outreachd::settings {

namespace {

/// The rest is for the handlers, which are what the daemon is there for.
constexpr range<double> reserve_range{0, 0.9};
constexpr range<std::uint32_t> payload_versions{1, 2};

/// Why a token can't go to that URL; empty where it can.
std::string refuse_secure_url(const std::string& text) {
    const auto parsed = parse_url(text);
    if (!parsed)
        return "is no URL such as https://api.outreach.io/api/v2";
    if (!parsed->is_tls && !is_loopback_host(parsed->host))
        return "would send secrets unencrypted; http:// is for loopback alone";
    return refuse_url(text);
}

/// A whole URL without expressions; https, or http on loopback, since a token goes there. What `${NAME}`
/// stands for in it may be a secret, and is in no message.
std::optional<std::string> read_secure_url(const value_ref& value) {
    auto text = read_text(value);
    if (!text)
        return std::nullopt;
    if (holds_user(*text)) {
        value.error("holds a user or a password, and has no place for them");
        return std::nullopt;
    }
    if (const std::string problem = refuse_secure_url(*text); !problem.empty()) {
        value.error(in_quotes(value.node.text) + " " + problem);
        return std::nullopt;
    }
    return text;
}

void read_url(const section_reader& section, std::string_view name, std::string& into) {
    if (const auto value = section.find(name))
        if (auto text = read_secure_url(*value))
            into = std::move(*text);
}

void read_base_url(const section_reader& section, std::string& into) {
    const auto value = section.find("base_url");
    auto text = value ? read_secure_url(*value) : std::nullopt;
    if (!text)
        return;
    if (text->find('?') != std::string::npos) {
        value->error(in_quotes(value->node.text) + " has a query; give what stands in front of every path");
        return;
    }
    while (text->ends_with('/'))
        text->pop_back();
    into = std::move(*text);
}

std::string origin_of(const std::string& base_url) {
    const auto path = base_url.find('/', base_url.find("://") + 3);
    return base_url.substr(0, path);
}

bool is_scope(std::string_view text) {
    const auto dot = text.find('.');
    return dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() &&
           text.find_first_of(" ,\"\\") == std::string_view::npos;
}

void read_scopes(const section_reader& section, std::vector<std::string>& into) {
    const auto value = section.find("scopes");
    if (!value)
        return;
    auto scopes = read_text_list(*value);
    if (!scopes)
        return;
    for (std::size_t at = 0; at < scopes->size(); ++at)
        if (!is_scope((*scopes)[at]))
            value->found.error(value->key + "[" + std::to_string(at) + "]", value->node.items[at]->where,
                               in_quotes((*scopes)[at]) +
                                   " is no scope such as tasks.write or prospects.all");
    into = std::move(*scopes);
}

void read_secret_of(const section_reader& section, std::string_view name, std::string_view what_it_is,
                    secret& into) {
    if (const auto value = section.require(name, what_it_is))
        if (auto read = read_secret(*value))
            into = std::move(*read);
}

oauth_access read_oauth(const section_reader& section, const std::string& base_url) {
    oauth_access read;
    if (section.require("client_id", "the app's id, as Outreach shows it"))
        section.read("client_id", read.client_id);
    read_secret_of(section, "client_secret", "the app's secret", read.client_secret);
    if (const auto value = section.find("refresh_token"))
        if (auto first = read_secret(*value))
            read.refresh_token = std::move(*first);
    read_scopes(section, read.scopes);
    read_url(section, "redirect_uri", read.redirect_uri);
    read.token_url = origin_of(base_url) + "/oauth/token";
    read.authorize_url = origin_of(base_url) + "/oauth/authorize";
    read_url(section, "token_url", read.token_url);
    read_url(section, "authorize_url", read.authorize_url);
    return read;
}

/// The key itself, or the path of its file.
void read_private_key(const section_reader& section, secret& into) {
    const auto value = section.require("private_key", "the app's private key: the path of a PEM file");
    if (!value)
        return;
    const bool is_path = value->node.type == yaml_node::kind::scalar && value->node.text.starts_with('/');
    auto key = is_path ? read_secret_file(*value) : read_secret(*value);
    if (!key)
        return;
    if (std::string problem = refuse_signing_key(*key); !problem.empty())
        value->error(problem);
    else
        into = std::move(*key);
}

s2s_access read_s2s(const section_reader& section) {
    s2s_access read;
    if (section.require("guid", "the app's S2S_GUID, as Outreach shows it"))
        section.read("guid", read.guid);
    read_private_key(section, read.private_key);
    section.read("install", read.install);
    return read;
}

void read_auth(const section_reader& outreach_section, outreach& into) {
    const auto value =
        outreach_section.require("auth", "how the daemon proves who it is: {type: oauth, ...}, s2s or token");
    if (!value || !expect_map(*value))
        return;
    const auto type =
        std::find_if(value->node.entries.begin(), value->node.entries.end(), [](const auto& one) {
            return one.key->type == yaml_node::kind::scalar && one.key->text == "type";
        });
    if (type == value->node.entries.end())
        return value->found.error(value->key + ".type", value->node.where,
                                  "is missing; give oauth, s2s or token");
    const value_ref chosen{value->found, value->key + ".type", *type->value};
    value->found.place(chosen.key, chosen.node.where);
    const auto index = read_choice(chosen, known::auth_types);
    if (!index)
        return;
    switch (*index) {
    case 0:
        into.auth = read_oauth({*value, known::oauth}, into.base_url);
        break;
    case 1:
        into.auth = read_s2s({*value, known::s2s});
        break;
    default:
        token_access read;
        read_secret_of({*value, known::token}, "token", "an access token", read.token);
        into.auth = std::move(read);
    }
}

bool is_name_or_star(std::string_view text) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return text == "*" || (!text.empty() && std::all_of(text.begin(), text.end(), is_letter));
}

/// One webhook each: `task.completed`, `mailing.*`; `*` is every event.
void read_subscriptions(const section_reader& section, std::vector<std::string>& into) {
    const auto value =
        section.require("subscribe", "the events to be sent, as in [task.completed, mailing.*]");
    if (!value)
        return;
    auto names = read_text_list(*value);
    if (!names)
        return;
    if (names->empty())
        value->error("is an empty list; name at least one event");
    std::set<std::string> seen;
    for (std::size_t at = 0; at < names->size(); ++at) {
        std::string& name = (*names)[at];
        const auto say = [&](const std::string& message) {
            value->found.error(value->key + "[" + std::to_string(at) + "]", value->node.items[at]->where,
                               in_quotes(name) + message);
        };
        const auto dot = name.find('.');
        const bool is_pair = dot != std::string::npos && is_name_or_star(name.substr(0, dot)) &&
                             is_name_or_star(name.substr(dot + 1));
        if (!is_pair && name != "*")
            say(" is no event such as task.completed, mailing.* or *");
        else if (!seen.insert(name == "*" ? "*.*" : name).second)
            say(" stands in the list already");
        if (name == "*")
            name = "*.*";
    }
    into = std::move(*names);
}

std::string path_of(const std::string& url) {
    const auto parsed = parse_url(url);
    return parsed ? parsed->target.substr(0, parsed->target.find('?')) : std::string{};
}

/// What the endpoint expects is what Outreach has to sign with.
void find_signing_secret(const value_ref& url, const settings& read, secret& into) {
    if (!url.found.is_sound("endpoints"))
        return;
    const std::string path = path_of(read.webhooks->url);
    const auto endpoint = std::find_if(read.endpoints.begin(), read.endpoints.end(),
                                       [&](const auto& one) { return one.path == path; });
    if (endpoint == read.endpoints.end())
        url.error("there is no endpoint with the path " + (expand_environment(url.node.text).has_variable
                                                               ? "of " + in_quotes(url.node.text)
                                                               : in_quotes(path)));
    else if (!endpoint->secrets.empty())
        into = endpoint->secrets.front();
    else
        url.warning("the endpoint has no secret, so what Outreach sends won't be signed");
}

} // namespace

void read_outreach(const section_reader& top, std::optional<outreach>& into) {
    const auto section = top.section("outreach", known::outreach);
    if (!section)
        return;
    into.emplace();
    read_base_url(*section, into->base_url);
    read_auth(*section, *into);
    section->read("reserve", into->reserve, reserve_range);
    read_ca(*section, into->ca);
    if (const auto proxy = section->find("proxy"))
        into->proxy = read_proxy(*proxy);
}

void read_webhooks(const section_reader& top, settings& into) {
    const auto section = top.section("webhooks", known::webhooks);
    if (!section)
        return;
    webhooks& read = into.webhooks.emplace();
    const auto url =
        section->require("url", "where Outreach should send events: the public URL of an endpoint");
    if (auto text = url ? read_secure_url(*url) : std::nullopt) {
        read.url = std::move(*text);
        find_signing_secret(*url, into, read.signing);
    }
    read_subscriptions(*section, read.subscribe);
    section->read_number("payload_version", read.payload_version, payload_versions);
    section->read("repair", read.repair);
}

void read_backfill(const section_reader& top, backfill& into) {
    static constexpr std::string_view choices[] = {"off", "auto"};
    static constexpr bool values[] = {false, true};
    const auto section = top.section("backfill", known::backfill);
    if (!section)
        return;
    section->read_choice<bool>("on_start", into.is_automatic, choices, values);
    const auto value = section->find("resources");
    if (!value)
        return;
    auto names = read_text_list(*value);
    if (!names)
        return;
    for (std::size_t at = 0; at < names->size(); ++at)
        if (!is_name_or_star((*names)[at]) || (*names)[at] == "*")
            value->found.error(value->key + "[" + std::to_string(at) + "]", value->node.items[at]->where,
                               in_quotes((*names)[at]) +
                                   " is no resource as in event names: task, sequenceState");
    into.resources = std::move(*names);
}

} // namespace outreachd::settings
