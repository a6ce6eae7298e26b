#include "daemon/settings/section_reader.hpp"

#include "daemon/settings/nearest_name.hpp"

#include <algorithm>
#include <cassert>
#include <unordered_map>

namespace outreachd::settings {

namespace {

bool is_in(std::string_view name, std::span<const std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string place_of(position where) {
    return "line " + std::to_string(where.line);
}

/// What is nearly a key is no secret.
bool may_be_told(std::string_view name, const known_section& known) {
    return !known.is_secret || nearest_name(name, known.keys);
}

} // namespace

section_reader::section_reader(const value_ref& map, const known_section& known,
                               std::span<const std::string_view> part)
    : map_{map} {
    assert(map.node.type == yaml_node::kind::map);
    report_keys(known, part);
}

void section_reader::report_keys(const known_section& known, std::span<const std::string_view> part) const {
    std::unordered_map<std::string_view, position> seen;
    for (const yaml_entry& entry : map_.node.entries) {
        const yaml_node& name = *entry.key;
        if (!part.empty() && !is_in(name.text, part))
            continue;
        if (name.type != yaml_node::kind::scalar) {
            found().error(key(), name.where,
                          "a key should be a word, and this is " + std::string{kind_of(name)});
            continue;
        }
        const auto [first, is_first] = seen.emplace(name.text, name.where);
        const std::string told = may_be_told(name.text, known) ? " " + in_quotes(name.text) : "";
        if (!is_first)
            found().error(key(), name.where,
                          (told.empty() ? "a key" : told.substr(1)) + " is given twice, first in " +
                              place_of(first->second));
        else if (!is_in(name.text, known.keys))
            found().error(key(), name.where, "unknown key" + told + suggestion(name.text, known.keys));
    }
}

std::string section_reader::key_of(std::string_view name) const {
    return key().empty() ? std::string{name} : key() + "." + std::string{name};
}

std::optional<value_ref> section_reader::find(std::string_view name) const {
    for (const yaml_entry& entry : map_.node.entries) {
        if (entry.key->type != yaml_node::kind::scalar || entry.key->text != name)
            continue;
        std::string full = key_of(name);
        found().place(full, entry.value->where);
        return value_ref{found(), std::move(full), *entry.value};
    }
    return std::nullopt;
}

std::optional<value_ref> section_reader::require(std::string_view name, std::string_view what_it_is) const {
    auto value = find(name);
    if (!value)
        found().error(key_of(name), where(), "is missing; give " + std::string{what_it_is});
    return value;
}

std::optional<section_reader> section_reader::section(std::string_view name,
                                                      const known_section& known) const {
    const auto value = find(name);
    if (!value || !expect_map(*value))
        return std::nullopt;
    return section_reader{*value, known};
}

std::vector<value_ref> section_reader::list(std::string_view name) const {
    const auto value = find(name);
    if (!value)
        return {};
    if (value->node.type != yaml_node::kind::sequence) {
        value->error("should be a list, each element after a '-', and is " +
                     std::string{kind_of(value->node)});
        return {};
    }
    std::vector<value_ref> elements;
    for (std::size_t at = 0; at < value->node.items.size(); ++at) {
        const yaml_node& item = *value->node.items[at];
        std::string full = value->key + "[" + std::to_string(at) + "]";
        found().place(full, item.where);
        elements.push_back({found(), std::move(full), item});
    }
    return elements;
}

void section_reader::read(std::string_view name, std::string& into) const {
    if (const auto value = find(name))
        if (auto text = read_text(*value))
            into = std::move(*text);
}

void section_reader::read(std::string_view name, bool& into) const {
    if (const auto value = find(name))
        if (const auto read = read_boolean(*value))
            into = *read;
}

void section_reader::read(std::string_view name, double& into, range<double> allowed) const {
    if (const auto value = find(name))
        if (const auto number = read_real_number(*value, allowed))
            into = *number;
}

void section_reader::read(std::string_view name, duration& into, range<duration> allowed) const {
    if (const auto value = find(name))
        if (const auto read = read_duration(*value, allowed))
            into = *read;
}

void section_reader::read_size(std::string_view name, std::uint64_t& into,
                               range<std::uint64_t> allowed) const {
    if (const auto value = find(name))
        if (const auto read = outreachd::settings::read_size(*value, allowed))
            into = *read;
}

bool expect_map(const value_ref& value) {
    if (value.node.type == yaml_node::kind::map)
        return true;
    value.error(value.node.type == yaml_node::kind::null
                    ? "has no value; give its keys, or leave it out"
                    : "should be a map of keys, and is " + std::string{kind_of(value.node)});
    return false;
}

} // namespace outreachd::settings
