/// The keys of a handler that calls the Outreach REST API, step by step.
#include "daemon/settings/bulk_action.hpp"
#include "daemon/settings/environment.hpp"
#include "daemon/settings/expressions.hpp"
#include "daemon/settings/nearest_name.hpp"
#include "daemon/settings/read_headers.hpp"
#include "daemon/settings/sections.hpp"
#include "daemon/settings/url_check.hpp"
#include "daemon/text/url_template.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace outreachd::settings {

namespace {

constexpr std::size_t steps_max = 64;
constexpr range<std::uint64_t> allowed_statuses{300, 599};

struct method_key {
    std::string_view key;
    const char* method;
};

constexpr std::array<method_key, 5> methods{
    {{"get", "GET"}, {"post", "POST"}, {"patch", "PATCH"}, {"put", "PUT"}, {"delete", "DELETE"}}};

bool is_of_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_identifier(std::string_view text) {
    return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
           std::all_of(text.begin(), text.end(), is_of_identifier);
}

void read_name(const section_reader& section, std::set<std::string>& names, std::string& into) {
    const auto value = section.find("name");
    auto text = value ? read_text(*value) : std::nullopt;
    if (!text)
        return;
    if (!is_identifier(*text))
        value->error(in_quotes(*text) + " is no name for a step: letters, digits and '_', a letter first");
    else if (!names.insert(*text).second)
        value->error(in_quotes(*text) + " is the name of an earlier step");
    else
        into = std::move(*text);
}

/// A path below the API's, or a whole URL.
void read_target(const value_ref& value, const std::optional<std::vector<std::string>>& allow_hosts,
                 outreach_step& into) {
    const std::string& written = value.node.text;
    const bool is_scalar = value.node.type == yaml_node::kind::scalar;
    if (is_scalar && !written.empty() && !written.starts_with('/') && !written.starts_with('$') &&
        written.find("://") == std::string::npos) {
        value.error(in_quotes(written) + " should begin with '/', a path below base_url, or be a whole URL");
    } else if (is_scalar && written.starts_with('/')) {
        if (auto text = read_path_template(value))
            into.target = std::move(*text);
    } else if (auto text = read_url_template(value, allow_hosts)) {
        into.target = std::move(*text);
        into.is_elsewhere = true;
        into.hides_path = expand_environment(written).has_variable;
    }
}

void read_method(const section_reader& section, const std::optional<std::vector<std::string>>& allow_hosts,
                 outreach_step& into) {
    for (const auto& [key, method] : methods) {
        const auto value = section.find(key);
        if (!value)
            continue;
        if (!into.method.empty()) {
            value->error("a step is one request; give one of get, post, patch, put and delete");
            return;
        }
        into.method = method;
        read_target(*value, allow_hosts, into);
    }
    if (into.method.empty())
        section.found().error(
            section.key(), section.where(),
            "a step is a request; give one of get, post, patch, put and delete with its path");
}

/// Values are texts, numbers among them, or lists of such.
void read_query(const section_reader& section, std::vector<header>& into) {
    const auto map = section.find("query");
    if (!map || !expect_map(*map))
        return;
    const auto add = [&](const std::string& name, const value_ref& value) {
        if (auto text = read_template(value))
            into.push_back({name, std::move(*text)});
    };
    std::set<std::string_view> seen;
    for (const yaml_entry& entry : map->node.entries) {
        if (entry.key->type != yaml_node::kind::scalar || entry.key->text.empty()) {
            map->found.error(map->key, entry.key->where, "this key is no parameter's name");
            continue;
        }
        const std::string& name = entry.key->text;
        if (!seen.insert(name).second) {
            map->found.error(map->key, entry.key->where,
                             in_quotes(name) + " is given twice; several values are a list, [a, b]");
            continue;
        }
        const value_ref value{map->found, map->key + "." + name, *entry.value};
        map->found.place(value.key, value.node.where);
        if (value.node.type != yaml_node::kind::sequence)
            add(name, value);
        else
            for (std::size_t at = 0; at < value.node.items.size(); ++at) {
                const value_ref item{map->found, value.key + "[" + std::to_string(at) + "]",
                                     *value.node.items[at]};
                map->found.place(item.key, item.node.where);
                add(name, item);
            }
    }
}

void read_headers_of(const section_reader& section, std::vector<header>& into) {
    std::set<std::string> seen;
    for_each_header(section, [&](const value_ref& map, const yaml_entry& entry) {
        if (check_http_header_name(map, *entry.key, seen))
            read_header_value(map, entry, into);
    });
}

void read_body_of(const section_reader& section, outreach_step& into) {
    const auto value = section.find("body");
    if (!value)
        return;
    if (into.method == "GET" || into.method == "DELETE")
        value->error("a " + into.method + " carries no body");
    else
        into.body = read_body(*value);
}

void read_allow(const section_reader& section, std::vector<int>& into) {
    for (const value_ref& element : section.list("allow"))
        if (const auto status = read_whole_number(element, allowed_statuses))
            into.push_back(static_cast<int>(*status));
}

void read_on_unknown(const section_reader& section, outreach_step& into) {
    static constexpr std::string_view choices[] = {"dead", "retry"};
    static constexpr on_unknown values[] = {on_unknown::dead, on_unknown::retry};
    // Outreach knows no idempotency key: a POST that is repeated makes a second record (contract 6.26).
    into.on_unknown = into.method == "POST" ? on_unknown::dead : on_unknown::retry;
    section.read_choice<on_unknown>("on_unknown", into.on_unknown, choices, values);
    if (const auto value = section.find("on_unknown");
        value && (into.method == "GET" || into.method == "PUT"))
        value->error("goes with post, patch and delete; a " + into.method + " is repeated without harm");
}

bool is_bulk(const outreach_step& step) {
    return !step.is_elsewhere && step.method == "POST" && is_bulk_action(step.target);
}

/// What chooses the records of a bulk action (contract 9.1, 9.6).
bool has_filter(const outreach_step& step) {
    const auto is_filter = [](const header& one) { return one.name.starts_with("actionParams[filter]"); };
    return std::any_of(step.query.begin(), step.query.end(), is_filter) ||
           step.target.find("actionParams[filter]") != std::string::npos ||
           step.target.find("actionParams%5Bfilter%5D") != std::string::npos ||
           (step.body && step.body->text.find("\"ids\"") != std::string::npos);
}

void check_bulk(const section_reader& section, const outreach_step& step) {
    if (const auto value = section.find("all"); value && !is_bulk(step))
        value->error("goes with a bulk action, POST /batches/actions/...");
    if (is_bulk(step) && !step.is_for_all && !has_filter(step) && section.found().is_sound(section.key()))
        section.found().error(section.key(), section.where(),
                              "this bulk action has no filter, and so would touch every record; give one "
                              "(query: {\"actionParams[filter][id][]\": ...}), or 'all: true'");
}

/// All texts of a step that may hold expressions.
std::vector<std::string_view> texts_of(const outreach_step& step) {
    std::vector<std::string_view> texts{step.when, step.for_each, step.target};
    for (const header& one : step.query)
        texts.emplace_back(one.value);
    for (const header& one : step.headers)
        texts.emplace_back(one.value);
    if (step.body)
        texts.emplace_back(step.body->text);
    return texts;
}

/// A step whose result isn't there yet would be null, and the mistake found on the first event.
void check_references(const section_reader& section, const outreach_step& step,
                      const std::set<std::string>& earlier) {
    constexpr std::string_view reference = "$steps.";
    const std::vector<std::string_view> known{earlier.begin(), earlier.end()};
    for (const std::string_view text : texts_of(step))
        for (auto at = text.find(reference); at != std::string_view::npos; at = text.find(reference, at)) {
            at += reference.size();
            const std::string_view rest = text.substr(at);
            const std::string name{rest.begin(),
                                   std::find_if_not(rest.begin(), rest.end(), is_of_identifier)};
            if (!name.empty() && !earlier.contains(name))
                section.found().error(section.key(), section.where(),
                                      "speaks of " + in_quotes("$steps." + name) +
                                          ", and no earlier step has that name" + suggestion(name, known));
        }
}

outreach_step read_step(const section_reader& section,
                        const std::optional<std::vector<std::string>>& allow_hosts,
                        std::set<std::string>& names) {
    outreach_step read;
    if (const auto when = section.find("when"))
        if (auto program = read_program(*when))
            read.when = std::move(*program);
    if (const auto each = section.find("for_each"))
        if (auto program = read_program(*each))
            read.for_each = std::move(*program);
    read_method(section, allow_hosts, read);
    read_query(section, read.query);
    read_headers_of(section, read.headers);
    read_body_of(section, read);
    section.read("paginate", read.paginate);
    if (const auto value = section.find("paginate"); value && read.method != "GET")
        value->error("goes with get: it asks for all pages of a list");
    section.read("all", read.is_for_all);
    check_bulk(section, read);
    read_allow(section, read.allow);
    read_on_unknown(section, read);
    check_references(section, read, names);
    // Last, so that a step can't speak of itself.
    read_name(section, names, read.name);
    return read;
}

} // namespace

outreach_handler read_outreach_handler(const section_reader& section) {
    outreach_handler read;
    const auto allow_hosts = read_allow_hosts(section);
    read.allow_hosts = allow_hosts.value_or(std::vector<std::string>{});
    const auto given = section.require("steps", "the requests, in order: [{get: /mailings/1}, ...]");
    if (!given)
        return read;
    const auto elements = section.list("steps");
    if (elements.empty() && given->node.type == yaml_node::kind::sequence)
        given->error("is an empty list; give at least one step");
    if (elements.size() > steps_max)
        section.found().error(given->key, elements[steps_max].node.where,
                              "more than " + std::to_string(steps_max) + " steps");
    std::set<std::string> names;
    for (const value_ref& element : elements)
        if (expect_map(element))
            read.steps.push_back(read_step({element, known::step}, allow_hosts, names));
    return read;
}

} // namespace outreachd::settings
