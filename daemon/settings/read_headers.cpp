#include "daemon/settings/read_headers.hpp"

#include "daemon/settings/expressions.hpp"
#include "daemon/text/ascii.hpp"

namespace outreachd::settings {

namespace {

constexpr std::size_t headers_count_max = 64;

/// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
    constexpr std::string_view allowed = "!#$%&'*+-.^_`|~0123456789"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

/// Fields that say where a message ends or what becomes of its connection. One that disagreed with what is
/// sent could hide a second request in the first.
bool is_framing(const std::string& name) {
    static const std::set<std::string, std::less<>> names = {
        "connection", "content-length", "expect",  "keep-alive",       "proxy-connection",
        "te",         "trailer",        "upgrade", "transfer-encoding"};
    return names.contains(name);
}

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

bool check_http_header_name(const value_ref& map, const yaml_node& name, std::set<std::string>& seen) {
    if (name.type != yaml_node::kind::scalar || !is_token(name.text)) {
        map.found.error(map.key, name.where,
                        (name.type == yaml_node::kind::scalar ? in_quotes(name.text) : "this key") +
                            " is no header's name: letters, digits and '-'");
        return false;
    }
    const std::string lowered = to_lower(name.text);
    if (is_framing(lowered))
        map.found.error(map.key, name.where,
                        in_quotes(name.text) + " is not yours to give: it follows from the request");
    else if (!seen.insert(lowered).second)
        map.found.error(map.key, name.where, in_quotes(name.text) + " is given twice");
    return true;
}

void read_header_value(const value_ref& map, const yaml_entry& entry, std::vector<header>& into) {
    const std::string& name = entry.key->text;
    const value_ref value{map.found, map.key + "." + name, *entry.value};
    map.found.place(value.key, value.node.where);
    if (auto text = read_template(value))
        into.push_back({name, std::move(*text)});
}

} // namespace outreachd::settings
