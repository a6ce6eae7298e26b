#include "daemon/outreach/csv_import.hpp"

#include "daemon/crypto/digest.hpp"
#include "daemon/text/percent_encode.hpp"
#include "handlers/base64.hpp"
#include "handlers/http_url.hpp"
#include "handlers/outreach/json_api.hpp"
#include "handlers/outreach/query.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace outreachd::outreach {

namespace {

namespace json = boost::json;
using namespace handlers::outreach;

constexpr std::size_t reason_bytes_max = 512;

/// A count may come as a number or as text (contract 10.5).
std::uint64_t count_of(const json::value* value) {
    std::uint64_t count = 0;
    for (const char c : text_of(value)) {
        if (c < '0' || c > '9' || count > 1'000'000'000'000)
            return 0;
        count = count * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return count;
}

std::string hex_of(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

/// What S3 says in its XML: the text of `<Message>`, or of `<Code>`.
std::string storage_words(std::string_view body) {
    for (const std::string_view tag : {"<Message>", "<Code>"}) {
        const std::size_t start = body.find(tag);
        if (start == std::string_view::npos)
            continue;
        const std::string_view rest = body.substr(start + tag.size());
        return ": " + presentable(rest.substr(0, rest.find('<')), reason_bytes_max);
    }
    return {};
}

} // namespace

api_request link_request() {
    return post("/imports/actions/generateUploadLink");
}

std::optional<upload_link> read_upload_link(std::string_view body) {
    const auto document = read_json(body);
    if (!document)
        return std::nullopt;
    std::string_view url = find_text(*document, {"data", "attributes", "uploadUrl"});
    if (url.empty())
        url = find_text(*document, {"data", "attributes", "uploadURL"});
    const std::string_view key = find_text(*document, {"data", "attributes", "storageKey"});
    if (url.empty() || key.empty())
        return std::nullopt;
    return upload_link{secret{std::string{url}}, std::string{key}};
}

std::string upload(handlers::http_transport& transport, const upload_link& to, std::string_view csv,
                   const std::string& api_base, steady_time deadline) {
    const std::string url{to.url.reveal()};
    const handlers::http_url read = handlers::read_http_url(url);
    if (!read.problem.empty())
        return "Outreach gave an upload URL that can't be used: it " + read.problem;
    const handlers::http_url api = handlers::read_http_url(api_base);
    if (read.scheme != "https" && (api.scheme == "https" || read.host != api.host))
        return "Outreach gave an upload URL that isn't https: " + read.shown;
    // No content type: where it is part of the signature, it is none of ours.
    const handlers::http_answer answer =
        transport.send({.method = "PUT", .url = url, .headers = {}, .body = csv, .deadline = deadline});
    if (!answer.problem.empty())
        return "the upload to " + read.shown + " failed: " + answer.problem;
    if (answer.status < 200 || answer.status > 299)
        return "the upload to " + read.shown + " was answered " + std::to_string(answer.status) +
               storage_words(answer.body);
    return {};
}

api_request check_request(const std::string& storage_key, const std::string& hash) {
    return post(with_query("/imports/actions/validateUpload",
                           query{}.action("storageKey", storage_key).action("hash", hash).text()));
}

std::optional<checked_upload> read_checked_upload(std::string_view body) {
    const auto document = read_json(body);
    const json::value* const count =
        document ? find_member(*document, {"data", "attributes", "recordCount"}) : nullptr;
    if (count == nullptr || count->is_null())
        return std::nullopt;
    return checked_upload{*count, presentable(text_of(count), 32)};
}

api_request start_request(const import_plan& plan, const std::string& storage_key,
                          const checked_upload& checked) {
    json::object mappings;
    for (const auto& [column, field] : plan.mappings)
        mappings[column] = field;
    json::object attributes{{"storageKey", storage_key},
                            {"recordCount", checked.record_count},
                            {"dupeMethod", plan.dupe_method},
                            {"mappings", std::move(mappings)},
                            {"fileName", plan.file_name}};
    json::object data{{"attributes", std::move(attributes)}};
    return post("/imports/actions/" + plan.plural + "Import",
                json::serialize(json::object{{"data", std::move(data)}}));
}

api_request import_request(const std::string& id) {
    return get("/imports/" + percent_encode(id));
}

std::optional<import_state> read_import(std::string_view body) {
    const auto document = read_json(body);
    const json::value* const data = document ? find_member(*document, {"data"}) : nullptr;
    if (data == nullptr)
        return std::nullopt;
    import_state read;
    read.id = exact_resource_id(body);
    if (read.id.empty())
        return std::nullopt;
    const auto attribute = [&](std::string_view name) { return find_member(*data, {"attributes", name}); };
    read.state = text_of(attribute("state"));
    read.error_reason = presentable(text_of(attribute("errorReason")), reason_bytes_max);
    read.total = count_of(attribute("total"));
    read.dupes = count_of(attribute("dupes"));
    read.failures = count_of(attribute("failures"));
    return read;
}

api_request import_batches_request(const std::string& id) {
    return get(
        with_query("/batches", query{}.equals("contextType", "Import").equals("contextId", id).text()));
}

std::optional<std::string> upload_hash(std::string_view form, std::string_view csv) {
    if (form.starts_with('=') && form.size() > 1)
        return std::string{form.substr(1)};
    const auto hash = sha512(csv);
    const std::string_view bytes{reinterpret_cast<const char*>(hash.data()), hash.size()};
    if (form == "hex")
        return hex_of(bytes);
    if (form == "base64")
        return handlers::to_base64(bytes);
    return std::nullopt;
}

} // namespace outreachd::outreach
