#include "daemon/outreach/changed_record.hpp"

#include "daemon/text/json_members.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/query.hpp"

#include <algorithm>

namespace outreachd::outreach {

namespace {

using namespace handlers::outreach;

/// `install` is none of REST's, and imports can't be listed (contract 10.10).
constexpr std::string_view with_webhooks[] = {"account",
                                              "call",
                                              "emailAddress",
                                              "kaiaRecording",
                                              "mailing",
                                              "opportunity",
                                              "opportunityProspectRole",
                                              "prospect",
                                              "sequence",
                                              "sequenceState",
                                              "task",
                                              "user"};

std::optional<wall_time> time_at(const boost::json::value& resource, std::string_view name) {
    return parse_timestamp(find_text(resource, {"attributes", name}));
}

} // namespace

std::optional<changed_record> read_changed_record(std::string_view text) {
    const auto resource = read_json(text);
    if (!resource)
        return std::nullopt;
    changed_record read;
    read.resource = find_text(*resource, {"type"});
    read.id = resource_id(*resource);
    const auto updated_at = time_at(*resource, "updatedAt");
    if (read.resource.empty() || read.id.empty() || !updated_at)
        return std::nullopt;
    read.updated_at = *updated_at;
    read.created_at = time_at(*resource, "createdAt");
    read.text = text;
    return read;
}

std::string collection_of(std::string_view resource) {
    std::string name{resource};
    constexpr std::string_view vowels = "aeiou";
    if (name.ends_with('y') && name.size() > 1 && vowels.find(name[name.size() - 2]) == vowels.npos)
        return name.replace(name.size() - 1, 1, "ies");
    const bool hisses =
        name.ends_with('s') || name.ends_with('x') || name.ends_with("ch") || name.ends_with("sh");
    return name + (hisses ? "es" : "s");
}

api_request changes_request(std::string_view resource, wall_time since, std::uint32_t page_size) {
    return get(with_query("/" + collection_of(resource),
                          query{}.since("updatedAt", since).sort("updatedAt").page_size(page_size).text()));
}

std::string backfilled_body(const changed_record& of, bool is_new) {
    json_members meta;
    meta.text("deliveredAt", to_rfc3339(of.updated_at));
    meta.text("eventName", of.resource + (is_new ? ".created" : ".updated"));
    meta.raw("backfilled", "true");
    json_members body;
    body.raw("data", of.text);
    body.raw("meta", std::move(meta).finish());
    return std::move(body).finish();
}

std::vector<std::string> resources_of(const settings::backfill& configured,
                                      const std::optional<settings::webhooks>& webhooks) {
    if (!configured.resources.empty() || !webhooks)
        return configured.resources;
    std::vector<std::string> found;
    for (const std::string& event : webhooks->subscribe) {
        std::string resource = event.substr(0, event.find('.'));
        if (resource == "*")
            return {std::begin(with_webhooks), std::end(with_webhooks)};
        if (std::ranges::find(found, resource) == found.end())
            found.push_back(std::move(resource));
    }
    return found;
}

} // namespace outreachd::outreach
