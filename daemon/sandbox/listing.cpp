#include "daemon/sandbox/listing.hpp"

#include "daemon/sandbox/base64url.hpp"
#include "daemon/sandbox/filter.hpp"
#include "daemon/sandbox/message.hpp"
#include "daemon/text/number.hpp"
#include "daemon/text/percent_encode.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

constexpr std::size_t page_size_max = 1'000;
constexpr std::size_t offset_max = 10'000;

using matched = std::vector<const record*>;

struct sort_key {
    std::string name;
    bool is_descending = false;
};

std::vector<sort_key> read_sort(const std::vector<parameter>& query, const resource_type& type) {
    std::vector<sort_key> keys;
    const auto given = find_parameter(query, "sort");
    for (const std::string& each :
         given && !given->empty() ? split(*given, ',') : std::vector<std::string>{}) {
        const bool is_descending = each.starts_with('-');
        sort_key key{each.substr(is_descending ? 1 : 0), is_descending};
        if (key.name != "id" && type.find_attribute(key.name) == nullptr)
            throw invalid_parameter("sort", "'" + key.name + "' can't be sorted by.");
        keys.push_back(std::move(key));
    }
    keys.push_back({"id", false}); // So that the order is one, page after page.
    return keys;
}

json::value value_of(const record& from, const std::string& name) {
    return name == "id" ? json::value(from.id) : from.attribute(name);
}

/// Where a record stands in the order; also what a cursor holds.
json::array position_of(const record& from, const std::vector<sort_key>& keys) {
    json::array position;
    for (const sort_key& each : keys)
        position.push_back(value_of(from, each.name));
    return position;
}

bool is_before(const json::array& left, const json::array& right, const std::vector<sort_key>& keys) {
    for (std::size_t at = 0; at < keys.size(); ++at) {
        const int order = compare(left[at], right[at]);
        if (order != 0)
            return keys[at].is_descending ? order > 0 : order < 0;
    }
    return false;
}

std::optional<std::size_t> read_size(const std::vector<parameter>& query, const char* name, std::size_t least,
                                     std::size_t most) {
    const auto given = find_parameter(query, "page", {name});
    if (!given)
        return std::nullopt;
    const auto value = parse_number<std::size_t>(*given);
    if (!value || *value < least || *value > most)
        throw invalid_parameter("page[" + std::string{name} + "]", "It must be a number from " +
                                                                       std::to_string(least) + " to " +
                                                                       std::to_string(most) + ".");
    return value;
}

json::array read_cursor(const std::string& text, const char* name, std::size_t size) {
    boost::system::error_code ec;
    const auto bytes = from_base64url(text);
    const json::value read = bytes ? json::parse(*bytes, ec) : json::value{};
    if (ec || !read.is_array() || read.get_array().size() != size)
        throw invalid_parameter("page[" + std::string{name} + "]",
                                "That cursor is none of ours, or of another order.");
    return read.get_array();
}

/// The same list at another place.
struct link_maker {
    const std::string& origin;
    const std::string& target;
    const std::vector<parameter>& query;

    std::string at(const std::vector<std::pair<std::string, std::string>>& page) const {
        std::string made = origin + target.substr(0, target.find('?')) + '?';
        const auto add = [&made](const std::string& name, const std::string& value) {
            made += (made.ends_with('?') ? "" : "&") + percent_encode(name) + '=' + percent_encode(value);
        };
        for (const parameter& each : query) {
            if (each.name != "page")
                add(each.written(), each.value);
        }
        for (const auto& [name, value] : page)
            add("page[" + name + "]", value);
        return made;
    }
};

struct page {
    matched shown;
    json::object links;
};

page offset_page(const matched& all, const std::vector<parameter>& query, const link_maker& links,
                 std::size_t default_size) {
    const std::size_t offset = read_size(query, "offset", 0, offset_max).value_or(0);
    const std::size_t limit = read_size(query, "limit", 1, page_size_max).value_or(default_size);
    const auto link = [&](std::size_t to) {
        return links.at({{"offset", std::to_string(to)}, {"limit", std::to_string(limit)}});
    };
    page made;
    const std::size_t from = std::min(offset, all.size());
    const std::size_t until = std::min(from + limit, all.size());
    made.shown.assign(all.begin() + static_cast<std::ptrdiff_t>(from),
                      all.begin() + static_cast<std::ptrdiff_t>(until));
    made.links["first"] = link(0);
    if (offset > 0)
        made.links["prev"] = link(offset - std::min(offset, limit));
    if (until < all.size())
        made.links["next"] = link(offset + limit);
    made.links["last"] = link(all.empty() ? 0 : (all.size() - 1) / limit * limit);
    return made;
}

page cursor_page(const matched& all, const std::vector<parameter>& query, const link_maker& links,
                 const std::vector<sort_key>& keys, std::size_t default_size) {
    const std::size_t size = read_size(query, "size", 1, page_size_max).value_or(default_size);
    const auto after = find_parameter(query, "page", {"after"});
    const auto before = find_parameter(query, "page", {"before"});
    std::size_t from = 0;
    std::size_t until = std::min(size, all.size());
    if (after) {
        const json::array cursor = read_cursor(*after, "after", keys.size());
        from = static_cast<std::size_t>(std::ranges::count_if(
            all, [&](const record* each) { return !is_before(cursor, position_of(*each, keys), keys); }));
        until = std::min(from + size, all.size());
    } else if (before) {
        const json::array cursor = read_cursor(*before, "before", keys.size());
        until = static_cast<std::size_t>(std::ranges::count_if(
            all, [&](const record* each) { return is_before(position_of(*each, keys), cursor, keys); }));
        from = until - std::min(size, until);
    }
    page made;
    made.shown.assign(all.begin() + static_cast<std::ptrdiff_t>(from),
                      all.begin() + static_cast<std::ptrdiff_t>(until));
    const auto link = [&](const char* direction, const record* at) {
        return links.at({{"size", std::to_string(size)},
                         {direction, to_base64url(json::serialize(position_of(*at, keys)))}});
    };
    made.links["first"] = links.at({{"size", std::to_string(size)}});
    if (from > 0 && !made.shown.empty())
        made.links["prev"] = link("before", made.shown.front());
    if (until < all.size() && !made.shown.empty())
        made.links["next"] = link("after", made.shown.back());
    return made;
}

} // namespace

json::object list_records(const records& data, const resource_type& type, const std::string& target,
                          const std::vector<parameter>& query, const std::string& origin,
                          std::size_t default_page_size) {
    const bool is_new = find_parameter(query, "newFilterSyntax") == "true";
    const auto terms = filter_terms(query);
    const filter wanted{type, terms, is_new ? filter_syntax::new_style : filter_syntax::old_style};
    const view as = read_view(query, origin, type, true);
    const auto keys = read_sort(query, type);

    matched all;
    for (const auto& [id, each] : data.all(type.type)) {
        // Contract 11.7: a template without a name is hidden from lists.
        const bool is_hidden = each.is("template") && each.attribute("name").is_null();
        if (!is_hidden && wanted.matches(each))
            all.push_back(&each);
    }
    std::ranges::stable_sort(all, [&](const record* left, const record* right) {
        return is_before(position_of(*left, keys), position_of(*right, keys), keys);
    });
    const bool has_offset =
        find_parameter(query, "page", {"offset"}) || find_parameter(query, "page", {"limit"});
    const link_maker addresses{origin, target, query};
    const page shown = has_offset ? offset_page(all, query, addresses, default_page_size)
                                  : cursor_page(all, query, addresses, keys, default_page_size);

    json::array objects;
    for (const record* const each : shown.shown)
        objects.push_back(resource_object(*each, as));
    json::object document{{"data", std::move(objects)}};
    if (!as.includes.empty())
        document["included"] = included(data, shown.shown, as);
    if (find_parameter(query, "count") == "true")
        document["meta"] = json::object{{"count", all.size()}, {"count_truncated", false}};
    document["links"] = shown.links;
    return document;
}

} // namespace outreachd::sandbox
