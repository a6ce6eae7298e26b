#include "daemon/settings/read_headers.hpp"

#include "daemon/settings/expressions.hpp"

namespace outreachd::settings {

namespace {

constexpr std::size_t headers_count_max = 64;

} // namespace

void for_each_header(const section_reader& section,
                     const std::function<void(const value_ref& map, const yaml_entry& entry)>& read) {
    const auto map = section.find("headers");
    if (!map || !expect_map(*map))
        return;
    if (map->node.entries.size() > headers_count_max) {
        map->error("are more than " + std::to_string(headers_count_max));
        return;
    }
    for (const yaml_entry& entry : map->node.entries)
        read(*map, entry);
}

void read_header_value(const value_ref& map, const yaml_entry& entry, std::vector<header>& into) {
    const std::string& name = entry.key->text;
    const value_ref value{map.found, map.key + "." + name, *entry.value};
    map.found.place(value.key, value.node.where);
    if (auto text = read_template(value))
        into.push_back({name, std::move(*text)});
}

} // namespace outreachd::settings
