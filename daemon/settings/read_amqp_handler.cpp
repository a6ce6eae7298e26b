/// The keys of a handler that publishes to RabbitMQ.
#include "daemon/settings/expressions.hpp"
#include "daemon/settings/read_headers.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/settings/utf8_check.hpp"
#include "daemon/text/expression_end.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace outreachd::settings {

namespace {

/// AMQP's short strings: names of exchanges and headers, routing keys.
constexpr std::size_t short_string_bytes_max = 255;

bool is_empty_text(const value_ref& value) {
    return value.node.type == yaml_node::kind::scalar && value.node.text.empty();
}

bool is_too_long(const value_ref& value, std::string_view text) {
    if (text.size() <= short_string_bytes_max)
        return false;
    value.error("is longer than the 255 bytes that AMQP has for it");
    return true;
}

void read_exchange(const section_reader& section, std::string& into) {
    const auto value = section.require("exchange", "the exchange that events are published to");
    if (!value || is_empty_text(*value)) // the default exchange has no name
        return;
    auto text = read_text(*value);
    if (text && !is_too_long(*value, *text))
        into = std::move(*text);
}

void read_routing_key(const section_reader& section, std::string& into) {
    const auto value = section.find("routing_key");
    if (!value)
        return;
    if (is_empty_text(*value)) { // as for a fanout exchange
        into.clear();
        return;
    }
    auto text = read_template(*value);
    if (text && (has_expression(*text) || !is_too_long(*value, *text)))
        into = std::move(*text);
}

/// RabbitMQ refuses these but as lists, and every message with them.
bool is_brokers_own(const std::string& name) {
    static constexpr std::string_view names[] = {"CC", "BCC"};
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void read_header(const value_ref& map, const yaml_entry& entry, std::set<std::string>& seen,
                 std::vector<header>& into) {
    const yaml_node& name = *entry.key;
    const bool is_name = name.type == yaml_node::kind::scalar && !name.text.empty() &&
                         name.text.size() <= short_string_bytes_max &&
                         !find_control_character(name.text, false);
    if (!is_name) {
        map.found.error(map.key, name.where, "this key is no header's name: a text of 1 to 255 bytes");
        return;
    }
    if (is_brokers_own(name.text)) {
        map.found.error(map.key, name.where,
                        in_quotes(name.text) + " is not yours to give: it is RabbitMQ's");
        return;
    }
    if (!seen.insert(name.text).second) {
        map.found.error(map.key, name.where, in_quotes(name.text) + " is given twice");
        return;
    }
    read_header_value(map, entry, into);
}

} // namespace

amqp_handler read_amqp_handler(const section_reader& section) {
    amqp_handler read;
    read_exchange(section, read.exchange);
    read_routing_key(section, read.routing_key);
    std::set<std::string> seen;
    for_each_header(section, [&](const value_ref& map, const yaml_entry& entry) {
        read_header(map, entry, seen, read.headers);
    });
    section.read("mandatory", read.is_mandatory);
    const auto uri = section.find("uri");
    if (const auto ca = section.find("ca"); ca && !uri)
        ca->warning("has no effect without 'uri'; the nodes of queue.amqp have a 'ca' of their own");
    if (uri)
        read_amqp_nodes(section, read.nodes);
    return read;
}

void complete_amqp_handlers(settings& read, findings& found) {
    for (handler& one : read.handlers) {
        auto* const own = std::get_if<amqp_handler>(&one.type);
        const std::string section = "handlers." + one.name;
        if (own == nullptr || found.is_given(section + ".uri"))
            continue;
        own->nodes = read.queue.amqp.nodes;
        if (!found.is_given("queue.amqp.uri") && found.is_sound("queue"))
            found.error(section + ".uri", found.where(section),
                        "is missing, and there is no 'queue.amqp.uri' to take its place; give one, as in "
                        "amqps://user:password@rabbit.example.com/vhost");
    }
}

} // namespace outreachd::settings
