#include "daemon/sandbox/compliance.hpp"

#include "daemon/event/event_id.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

/// The first of these that is there.
json::value either(const json::object& attributes, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (const json::value* const found = attributes.if_contains(name))
            return *found;
    }
    return nullptr;
}

bool is_meant(const record& prospect, const record& by) {
    const json::value& email = by.attribute("requestObjectEmail");
    const json::value& emails = prospect.attribute("emails");
    const bool has_email = email.is_string() && emails.is_array() &&
                           std::ranges::find(emails.get_array(), email) != emails.get_array().end();
    return has_email || by.attribute("requestObjectId") == json::value(prospect.id);
}

/// `pending`, `running`, `done`, a moment apart.
void go_on(world& in, record_id id) {
    record* const request = in.data.find("complianceRequest", id);
    if (request == nullptr)
        return;
    if (request->text("state") == "pending") {
        in.data.change_record(*request, {.attributes = {{"state", "running"}}});
        in.later(in.configured.work_delay, [&in, id] { go_on(in, id); });
        return;
    }
    std::vector<record_id> meant;
    for (const auto& [prospect, each] : in.data.all("prospect")) {
        if (is_meant(each, *request))
            meant.push_back(prospect);
    }
    for (const record_id prospect : meant)
        in.data.destroy(*in.data.find("prospect", prospect));
    in.data.change_record(*request, {.attributes = {{"state", "done"}}});
}

} // namespace

response request_compliance(world& in, std::string_view body) {
    const json::object document = parse_object(body);
    const json::value* const data = document.if_contains("data");
    const json::value* const given =
        data == nullptr || !data->is_object() ? nullptr : data->get_object().if_contains("attributes");
    if (given == nullptr || !given->is_object())
        throw invalid("/data/attributes", "can't be blank");
    const json::object& attributes = given->get_object();
    const json::value type = either(attributes, {"request_type", "requestType"});
    const json::value object = either(attributes, {"object_type", "objectType"});
    const json::value email = either(attributes, {"request_object_email", "requestObjectEmail"});
    const json::value id = either(attributes, {"request_object_id", "requestObjectId"});
    if (type != json::value("Delete"))
        throw invalid("/data/attributes/request_type", "is not included in the list");
    if (object != json::value("Prospect"))
        throw invalid("/data/attributes/object_type", "is not included in the list");
    if (email.is_null() && id.is_null())
        throw invalid("/data/attributes/request_object_email", "can't be blank");
    const std::string batch = to_string(make_event_id(wall_now()));
    const record& made =
        in.data.create("complianceRequest",
                       {{"batchComplianceRequestUuid", batch},
                        {"uuid", to_string(make_event_id(wall_now()))},
                        {"requestType", type},
                        {"objectType", object},
                        {"requestObjectEmail", email},
                        {"requestObjectId", id},
                        {"requesterEmail", either(attributes, {"requester_email", "requesterEmail"})},
                        {"state", "pending"}},
                       {});
    in.later(in.configured.work_delay, [&in, made_id = made.id] { go_on(in, made_id); });
    return json_api_answer(201, json::object{{"data", {{"batch_compliance_request_id", batch}}}});
}

} // namespace outreachd::sandbox
