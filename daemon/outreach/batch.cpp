#include "daemon/outreach/batch.hpp"

#include "daemon/settings/bulk_action.hpp"
#include "daemon/text/ascii.hpp"
#include "daemon/text/percent_encode.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/query.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace outreachd::outreach {

namespace {

namespace json = boost::json;
using namespace handlers::outreach;

constexpr std::uint32_t items_per_page = 100;
constexpr std::size_t failure_bytes_max = 512;

const json::value* find_attribute(const json::value& resource, std::string_view name) {
    return find_member(resource, {"attributes", name});
}

std::optional<std::uint64_t> number_of(const json::value* value) {
    if (value == nullptr)
        return std::nullopt;
    boost::system::error_code ec;
    const auto number = value->to_number<std::uint64_t>(ec);
    return ec ? std::nullopt : std::optional{number};
}

} // namespace

bool batch::has_ended() const {
    return state == "finished" || state == "failed" || state == "canceled" || state == "cancelled";
}

std::optional<batch> read_batch(std::string_view body) {
    const auto document = read_json(body);
    const json::value* const data = document ? find_member(*document, {"data"}) : nullptr;
    if (data == nullptr)
        return std::nullopt;
    batch read;
    read.id = exact_resource_id(body);
    if (read.id.empty())
        return std::nullopt;
    read.action = text_of(find_attribute(*data, "action"));
    read.state = text_of(find_attribute(*data, "state"));
    read.total = number_of(find_attribute(*data, "total")).value_or(0);
    read.pending = number_of(find_attribute(*data, "pending")).value_or(0);
    read.failures = number_of(find_attribute(*data, "failures")).value_or(0);
    read.confirm_count = number_of(find_attribute(*data, "confirmCount"));
    read.summary = text_of(find_attribute(*data, "summary"));
    return read;
}

bool is_action_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool is_unfiltered_bulk(const api_request& request) {
    if (request.is_reading() || !settings::is_bulk_action(request.target))
        return false;
    const std::size_t question = std::min(request.target.find('?'), request.target.size());
    if (has_batch_filter(
            std::string_view{request.target}.substr(std::min(question + 1, request.target.size()))))
        return false;
    const auto document = request.body ? read_json(*request.body) : std::nullopt;
    const json::value* const ids = document ? find_member(*document, {"data", "attributes", "ids"}) : nullptr;
    return ids == nullptr || !ids->is_array() || ids->get_array().empty();
}

std::optional<std::string> bulk_document(std::string_view data) {
    const auto given = read_json(data);
    if (!given || !given->is_object())
        return std::nullopt;
    if (given->get_object().contains("data"))
        return std::string{data};
    // The text and not the value, which would change the digits of large numbers.
    return R"({"data":{"attributes":)" + std::string{data} + "}}";
}

api_request batch_request(const std::string& id) {
    return get("/batches/" + percent_encode(id));
}

api_request confirm_request(const batch& started) {
    query parameters;
    if (started.confirm_count)
        parameters.action("confirmedCount", std::to_string(*started.confirm_count));
    return post(with_query("/batches/" + percent_encode(started.id) + "/actions/confirm", parameters.text()));
}

api_request cancel_request(const std::string& id) {
    return post("/batches/" + percent_encode(id) + "/actions/cancel");
}

api_request failures_request(const std::string& id) {
    return get(
        with_query("/batchItems",
                   query{}.related("batch", id).equals("state", "error").page_size(items_per_page).text()));
}

failed_item read_failed_item(std::string_view item) {
    const auto resource = read_json(item);
    if (!resource)
        return {};
    return {.subject = presentable(text_of(find_attribute(*resource, "data")), failure_bytes_max),
            .reason = presentable(text_of(find_attribute(*resource, "info")), failure_bytes_max)};
}

} // namespace outreachd::outreach
