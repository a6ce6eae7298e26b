#include "daemon/sandbox/document.hpp"

#include "daemon/sandbox/message.hpp"

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

json::object identifier(std::string_view type, record_id id) {
    return {{"type", type}, {"id", id}};
}

json::value linkage(const record& from, const relationship& by, const view& as) {
    if (!by.inverse.empty()) {
        return json::object{
            {"links",
             {{"related", as.origin + "/api/v2/" + std::string{type_of(by.type).plural} + "?filter%5B" +
                              std::string{by.inverse} + "%5D%5Bid%5D=" + std::to_string(from.id)}}}};
    }
    const auto held = from.relationships.find(by.name);
    const std::vector<record_id> ids =
        held == from.relationships.end() ? std::vector<record_id>{} : held->second;
    if (!by.is_many)
        return json::object{{"data", ids.empty() ? json::value{} : identifier(by.type, ids.front())}};
    json::array many;
    for (const record_id id : ids)
        many.push_back(identifier(by.type, id));
    return json::object{{"data", std::move(many)}};
}

/// Contract 9.10: a batch tells its times in seconds since 1970, as text.
json::value shown_attribute(const record& from, std::string_view name, const json::value& value) {
    if (!from.is("batch") || (name != "createdAt" && name != "updatedAt") || !value.is_string())
        return value;
    const auto time = parse_timestamp(value.get_string());
    return json::value(
        std::to_string(std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count()));
}

void add_included(const records& data, const record& from, const std::vector<std::string>& path,
                  std::size_t depth, std::vector<const record*>& found) {
    if (depth == path.size())
        return;
    const relationship* const by = from.type->find_relationship(path[depth]);
    if (by == nullptr)
        return;
    for (const record* const other : data.linked(from, *by)) {
        found.push_back(other);
        add_included(data, *other, path, depth + 1, found);
    }
}

} // namespace

view read_view(const std::vector<parameter>& query, const std::string& origin, const resource_type& type,
               bool has_includes) {
    view as{origin, {}, {}};
    for (const parameter& each : query) {
        if (each.name == "fields" && each.keys.size() == 1) {
            auto& names = as.fields[each.keys.front()];
            for (std::string& name : split(each.value, ','))
                names.insert(std::move(name));
        } else if (each.name == "include" && has_includes && !each.value.empty()) {
            for (const std::string& path : split(each.value, ','))
                as.includes.push_back(split(path, '.'));
        }
    }
    for (const auto& path : as.includes) {
        const resource_type* at = &type;
        for (const std::string& step : path) {
            const relationship* const by = at->find_relationship(step);
            if (by == nullptr)
                throw invalid_parameter("include", "'" + step + "' is no relationship of " +
                                                       std::string{at->type} + ".");
            at = &type_of(by->type);
        }
    }
    return as;
}

json::object resource_object(const record& from, const view& as) {
    const auto fields = as.fields.find(from.type->type);
    const auto is_shown = [&](std::string_view name, bool is_on_request) {
        return fields == as.fields.end() ? !is_on_request : fields->second.contains(name);
    };
    json::object attributes;
    for (const auto& [name, value] : from.attributes) {
        const attribute* const known = from.type->find_attribute(name);
        if (is_shown(name, known != nullptr && known->is_on_request))
            attributes[name] = shown_attribute(from, name, value);
    }
    json::object relationships;
    for (const relationship& each : from.type->relationships) {
        if (is_shown(each.name, false))
            relationships[each.name] = linkage(from, each, as);
    }
    json::object shown = identifier(from.type->type, from.id);
    shown["attributes"] = std::move(attributes);
    shown["relationships"] = std::move(relationships);
    shown["links"] = json::object{
        {"self", as.origin + "/api/v2/" + std::string{from.type->plural} + "/" + std::to_string(from.id)}};
    return shown;
}

json::array included(const records& data, const std::vector<const record*>& primary, const view& as) {
    std::vector<const record*> found;
    for (const record* const each : primary) {
        for (const auto& path : as.includes)
            add_included(data, *each, path, 0, found);
    }
    json::array shown;
    std::set<const record*> done{primary.begin(), primary.end()};
    for (const record* const each : found) {
        if (done.insert(each).second)
            shown.push_back(resource_object(*each, as));
    }
    return shown;
}

} // namespace outreachd::sandbox
