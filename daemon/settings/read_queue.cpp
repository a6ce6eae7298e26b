/// The sections about the road from receiving to working: queue, roles.
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/network_address.hpp"
#include "daemon/settings/secrets.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/text/amqp_uri.hpp"

#include <algorithm>
#include <iterator>

namespace outreachd::settings {

namespace {

/// Far above any cluster.
constexpr std::size_t nodes_max = 16;
/// What is built of a name must fit 255 bytes, too.
constexpr std::size_t name_bytes_max = 127;
constexpr range<std::uint32_t> partitions_range{1, 1024};

/// One without a password may stand in the file. Of one that can't be parsed nobody knows.
bool has_no_password(std::string_view uri) {
    if (!parse_amqp_uri(uri))
        return false;
    uri.remove_prefix(uri.find("://") + 3);
    const std::string_view user = uri.substr(0, uri.find('@'));
    return user.size() == uri.size() || user.find(':') == std::string_view::npos;
}

/// Says what is wrong with the URI, and never repeats it, since a password may stand in it.
std::optional<amqp_uri> parse_node(const value_ref& value, std::string_view uri) {
    if (!uri.starts_with("amqp://") && !uri.starts_with("amqps://")) {
        value.error("should begin with amqp:// or amqps://");
        return std::nullopt;
    }
    auto node = parse_amqp_uri(uri);
    if (!node)
        value.error("is no AMQP URI such as amqps://user:password@rabbit.example.com/vhost; it has no query, "
                    "and odd characters of user, password and vhost are percent-encoded, '/' as %2F");
    return node;
}

/// Names of exchanges and queues, as any broker takes them and any shell shows them.
bool is_broker_name(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '_' || c == ':' || c == '-';
    };
    return !text.empty() && text.size() <= name_bytes_max &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

/// `follows` is what the daemon itself puts behind the name.
void read_broker_name(const section_reader& section, std::string_view name, std::string_view follows,
                      std::string& into) {
    const auto value = section.find(name);
    if (!value)
        return;
    auto text = read_text(*value);
    if (!text)
        return;
    if (!is_broker_name(*text))
        value->error(in_quotes(*text) +
                     " is no name for RabbitMQ: 1 to 127 letters, digits, '.', '_', ':' and '-'");
    else if ((*text + std::string{follows}).starts_with("amq."))
        value->error(in_quotes(*text) + " can't be used: names that begin with 'amq.' are RabbitMQ's own");
    else
        into = std::move(*text);
}

void read_amqp_queue(const section_reader& section, amqp_queue& into) {
    static constexpr std::string_view kinds[] = {"quorum", "classic"};
    static constexpr work_queue_kind kind_values[] = {work_queue_kind::quorum, work_queue_kind::classic};
    static constexpr std::string_view acks[] = {"store", "broker"};
    static constexpr ack_after ack_values[] = {ack_after::store, ack_after::broker};
    read_amqp_nodes(section, into.nodes);
    read_broker_name(section, "exchange", "", into.exchange);
    read_broker_name(section, "prefix", ".", into.prefix);
    section.read_number("partitions", into.partitions, partitions_range);
    section.read_choice<work_queue_kind>("queue_type", into.kind, kinds, kind_values);
    section.read_choice<ack_after>("ack", into.ack, acks, ack_values);
}

} // namespace

void read_amqp_nodes(const section_reader& section, amqp_nodes& into) {
    read_ca(section, into.ca);
    const auto uri = section.find("uri");
    if (!uri)
        return;
    const bool is_list = uri->node.type == yaml_node::kind::sequence;
    const auto elements = is_list ? section.list("uri") : std::vector<value_ref>{*uri};
    if (elements.empty())
        uri->error("is an empty list; name at least one node");
    if (elements.size() > nodes_max)
        uri->found.error(uri->key, elements[nodes_max].node.where,
                         "more than " + std::to_string(nodes_max) + " nodes");
    std::optional<amqp_uri> first;
    bool has_tls = false;
    for (const value_ref& element : elements) {
        auto text = read_secret(element, has_no_password);
        const auto node = text ? parse_node(element, text->reveal()) : std::nullopt;
        if (!node)
            continue;
        if (!node->is_tls && !is_loopback_host(node->host))
            element.warning("sends events, and the password, unencrypted; amqps:// would not");
        if (first && node->vhost != first->vhost)
            element.error("names another vhost than the first; the nodes of a cluster share theirs");
        has_tls = has_tls || node->is_tls;
        if (!first)
            first = node;
        into.uris.push_back(std::move(*text));
    }
    if (first && !has_tls && section.find("ca"))
        section.find("ca")->warning("has no effect, since 'uri' says amqp://; it goes with amqps://");
}

void read_queue(const section_reader& top, queue& into) {
    static constexpr std::string_view types[] = {"embedded", "amqp"};
    static constexpr queue_type type_values[] = {queue_type::embedded, queue_type::amqp};
    const auto section = top.section("queue", known::queue);
    if (!section)
        return;
    section->read_choice<queue_type>("type", into.type, types, type_values);
    const bool is_required = into.type == queue_type::amqp;
    if (is_required && !section->require("amqp", "{uri: URI}, where RabbitMQ is"))
        return;
    const auto amqp = section->section("amqp", known::amqp_queue);
    if (!amqp)
        return;
    if (is_required)
        amqp->require("uri", "where RabbitMQ is, as in amqps://user:password@rabbit.example.com/vhost");
    read_amqp_queue(*amqp, into.amqp);
}

void read_roles(const section_reader& top, roles& into) {
    static constexpr std::string_view names[] = {"receive", "work"};
    const auto value = top.find("roles");
    if (!value)
        return;
    const auto given = read_text_list(*value);
    if (!given)
        return;
    if (given->empty())
        value->error("is an empty list; name receive, work or both");
    const auto element_error = [&](std::size_t at, const std::string& message) {
        value->found.error(value->key + "[" + std::to_string(at) + "]", value->node.items[at]->where,
                           in_quotes((*given)[at]) + message);
    };
    for (std::size_t at = 0; at < given->size(); ++at) {
        const auto here = given->begin() + static_cast<std::ptrdiff_t>(at);
        if (std::find(std::begin(names), std::end(names), *here) == std::end(names))
            element_error(at, " is no role" + suggestion(*here, names));
        else if (std::find(given->begin(), here, *here) != here)
            element_error(at, " stands in the list already");
    }
    if (!value->found.is_sound(value->key))
        return;
    into.receives = std::find(given->begin(), given->end(), names[0]) != given->end();
    into.works = std::find(given->begin(), given->end(), names[1]) != given->end();
}

} // namespace outreachd::settings
