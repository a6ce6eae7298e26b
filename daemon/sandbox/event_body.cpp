#include "daemon/sandbox/event_body.hpp"

#include <boost/json/serialize.hpp>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

/// As recorded: milliseconds and an American offset (contract 1.7).
std::string delivered_at(wall_time now) {
    constexpr std::chrono::hours west{8};
    std::string text = to_rfc3339(now - west);
    text.replace(text.size() - 1, 1, "-08:00");
    return text;
}

/// Contract 1.10: no inner `data`, and the relationship's name as type. Those to many aren't there.
json::object flat(const record& of, const links& some, bool has_nulls) {
    json::object shown;
    for (const auto& [name, ids] : some) {
        const relationship* const by = of.type->find_relationship(name);
        if (by == nullptr || by->is_many)
            continue;
        if (!ids.empty())
            shown[name] = json::object{{"type", name}, {"id", ids.front()}};
        else if (has_nulls)
            shown[name] = nullptr;
    }
    return shown;
}

json::object without(const record& of, bool has_nulls) {
    json::object shown;
    for (const auto& [name, value] : of.attributes) {
        const attribute* const known = of.type->find_attribute(name);
        if ((has_nulls || !value.is_null()) && (known == nullptr || !known->is_on_request))
            shown[name] = value;
    }
    return shown;
}

json::object object_of(const record& of, json::object attributes, json::object relationships) {
    return {{"type", of.type->type},
            {"id", of.id},
            {"attributes", std::move(attributes)},
            {"relationships", std::move(relationships)}};
}

} // namespace

std::string event_body(const change& what, std::int64_t payload_version, wall_time now, const event_id& job) {
    const record& subject = what.subject;
    json::object body;
    if (what.is_update()) {
        body["data"] = object_of(subject, what.to, flat(subject, what.links_to, true));
        if (payload_version == 2)
            body["beforeUpdate"] =
                object_of(subject, what.before.attributes, flat(subject, what.before.relationships, true));
    } else {
        const bool has_nulls = what.action == "destroyed"; // Contract 1.12: the last known, nulls included.
        body["data"] =
            object_of(subject, without(subject, has_nulls), flat(subject, subject.relationships, has_nulls));
    }
    body["meta"] = json::object{{"deliveredAt", delivered_at(now)},
                                {"eventName", std::string{subject.type->type} + '.' + what.action},
                                {"jobId", to_string(job)}};
    return json::serialize(body);
}

std::string install_body(const std::string& action, const std::string& install, const std::string& app,
                         const std::string& org, const std::string& api, wall_time now) {
    const std::string at = to_rfc3339(now);
    json::object data{{"type", "install"}, {"id", install}};
    json::object relationships{{"app", {{"data", {{"type", "app"}, {"id", app}}}}}};
    if (action == "created") {
        data["attributes"] = json::object{{"installedAt", at.substr(0, at.size() - 1) + "000Z"}};
        relationships["org"] =
            json::object{{"data", {{"type", "org"}, {"id", org}}}, {"links", {{"api", api}}}};
    }
    data["relationships"] = std::move(relationships);
    return json::serialize(json::object{
        {"data", std::move(data)},
        {"meta", {{"deliveredAt", at.substr(0, at.find('.'))}, {"eventName", "install." + action}}}});
}

} // namespace outreachd::sandbox
