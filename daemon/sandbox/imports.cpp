#include "daemon/sandbox/imports.hpp"

#include "daemon/sandbox/csv.hpp"
#include "daemon/sandbox/document.hpp"
#include "daemon/sandbox/proofs.hpp"
#include "daemon/sandbox/random_token.hpp"
#include "daemon/sandbox/routes.hpp"
#include "daemon/sandbox/written_records.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <charconv>
#include <memory>

namespace outreachd::sandbox {

namespace json = boost::json;

namespace {

constexpr std::size_t rows_slice = 100; ///< Rows between two looks at other requests.

using csv_rows = std::vector<std::vector<std::string>>;

/// One import that goes on.
struct import_work {
    record_id import = 0;
    record_id batch = 0;
    const resource_type* type = nullptr;
    std::string dupe_method;
    std::vector<std::string> fields; ///< Of each column; empty: it isn't mapped.
    csv_rows rows;                   ///< Without the header.
    std::size_t done = 0;
    std::optional<record_id> user;
};

const std::string& uploaded(const world& in, const std::string& key, const std::string& where) {
    const auto found = in.uploads.find(key);
    if (found == in.uploads.end() || found->second.empty())
        throw invalid(where, "Nothing has been uploaded under that key.");
    return found->second;
}

response generate_link(world& in, const request& asked) {
    const std::string key = make_random();
    in.uploads[key];
    in.upload_order.push_back(key);
    if (in.upload_order.size() > world::uploads_max) {
        in.uploads.erase(in.upload_order.front());
        in.upload_order.pop_front();
    }
    const std::string address =
        asked.origin + "/sandbox/uploads/" + key + "?X-Amz-Signature=" + make_random();
    return json_api_answer(
        200,
        json::object{
            {"data", {{"type", "upload"}, {"attributes", {{"uploadUrl", address}, {"storageKey", key}}}}}});
}

response validate(world& in, const std::vector<parameter>& query) {
    const std::string key = find_parameter(query, "actionParams", {"storageKey"}).value_or("");
    const std::string hash = find_parameter(query, "actionParams", {"hash"}).value_or("");
    if (key.empty())
        throw invalid_parameter("actionParams[storageKey]", "can't be blank");
    if (hash.empty())
        throw invalid_parameter("actionParams[hash]", "can't be blank");
    const std::string& bytes = uploaded(in, key, "/data/attributes/storageKey");
    if (hash != upload_hash(bytes, in.configured.import_hash_key))
        throw invalid_parameter("actionParams[hash]", "It isn't the hash of the uploaded file.");
    const csv_rows rows = parse_csv(bytes);
    json::array header;
    for (std::size_t at = 0; !rows.empty() && at < rows.front().size(); ++at) {
        const bool has_value = rows.size() > 1 && at < rows[1].size();
        header.push_back(json::object{{"header", rows.front()[at]},
                                      {"value", has_value ? json::value(rows[1][at]) : json::value{}}});
    }
    const std::size_t count = rows.empty() ? 0 : rows.size() - 1;
    // Contract 10.5: in the seed the count is a text.
    return json_api_answer(
        200,
        json::object{{"data",
                      {{"type", "validateUpload"},
                       {"attributes",
                        {{"headerValue", std::move(header)}, {"recordCount", std::to_string(count)}}}}}});
}

/// The record that a row is about already (contract 10.8); null where there is none.
record* find_duplicate(world& in, const import_work& work, const std::map<std::string, std::string>& row) {
    if (const auto id = row.find("id"); id != row.end()) {
        record_id number = 0;
        std::from_chars(id->second.data(), id->second.data() + id->second.size(), number);
        return in.data.find(work.type->type, number);
    }
    const auto key = row.find(work.type->type == "account" ? "customId" : "externalId");
    if (key == row.end() || key->second.empty())
        return nullptr;
    for (const auto& [id, each] : in.data.all(work.type->type)) {
        if (each.text(key->first) == key->second)
            return in.data.find(work.type->type, id);
    }
    return nullptr;
}

bool is_empty(const json::value& value) {
    return value.is_null() || (value.is_array() && value.get_array().empty());
}

/// Whether the row was about a record that is there already. Throws refusal where it can't be taken.
bool import_row(world& in, const import_work& work, const std::vector<std::string>& fields) {
    std::map<std::string, std::string> row;
    for (std::size_t at = 0; at < work.fields.size() && at < fields.size(); ++at) {
        if (!work.fields[at].empty())
            row[work.fields[at]] = fields[at];
    }
    record* const known = find_duplicate(in, work, row);
    written_document written;
    for (const auto& [name, text] : row) {
        if (name != "id")
            written.attributes[name] = attribute_from_text(*work.type, name, text);
    }
    if (known == nullptr) {
        if (work.type->type == "account" && !written.attributes.contains("name"))
            throw invalid("/data/attributes/name", "can't be blank");
        create_record(in, *work.type, std::move(written), work.user);
        return false;
    }
    if (work.dupe_method == "missing") {
        json::object missing;
        for (auto& [name, value] : written.attributes) {
            if (is_empty(known->attribute(name)))
                missing[name] = std::move(value);
        }
        written.attributes = std::move(missing);
    }
    if (work.dupe_method != "skip")
        update_record(in, *known, std::move(written), work.user);
    return true;
}

void end_import(world& in, record& import, record& batch, const import_work& work) {
    const std::int64_t failures = import.attribute("failures").as_int64();
    const bool has_all_failed = failures > 0 && failures == static_cast<std::int64_t>(work.rows.size());
    json::object ended{{"state", has_all_failed ? "failed" : "finished"}, {"stateChangedAt", time_now()}};
    if (has_all_failed)
        ended["errorReason"] = "No row could be imported.";
    in.data.change_record(batch, {.attributes = {{"state", ended.at("state")},
                                                 {"failures", failures},
                                                 {"pending", 0},
                                                 {"finishedAt", time_now()}}});
    // Contract 10.10 doesn't know whether a failed import raises the event: here it does not.
    update done{.attributes = std::move(ended)};
    if (!has_all_failed)
        done.special = {"finished"};
    in.data.change_record(import, std::move(done));
}

void run_slice(world& in, const std::shared_ptr<import_work>& work) {
    record& import = *in.data.find("import", work->import);
    std::int64_t dupes = import.attribute("dupes").as_int64();
    std::int64_t failures = import.attribute("failures").as_int64();
    for (std::size_t done = 0; done < rows_slice && work->done < work->rows.size(); ++done) {
        try {
            dupes += import_row(in, *work, work->rows[work->done++]) ? 1 : 0;
        } catch (const refusal& why) {
            ++failures;
            in.data.create("batchItem",
                           {{"batchId", work->batch},
                            {"data", json::object{{"row", work->done}}},
                            {"failed", true},
                            {"state", "error"},
                            {"info", why.detail}},
                           {{"batch", {work->batch}}});
        }
    }
    in.data.change_record(import, {.attributes = {{"dupes", dupes}, {"failures", failures}}});
    if (work->done < work->rows.size())
        in.later(in.configured.work_delay, [&in, work] { run_slice(in, work); });
    else
        end_import(in, import, *in.data.find("batch", work->batch), *work);
}

/// The Outreach field of each column, by `mappings`. Throws refusal for one that there isn't.
std::vector<std::string> mapped_fields(const resource_type& type, const json::object& mappings,
                                       const std::vector<std::string>& header) {
    std::vector<std::string> fields;
    for (const std::string& column : header) {
        const std::string field = text_member(mappings, column, {});
        if (!field.empty() && field != "id" && type.find_attribute(field) == nullptr)
            throw invalid("/data/attributes/mappings", "There is no '" + field + "' to import to.");
        fields.push_back(field);
    }
    return fields;
}

response start(world& in, const resource_type& type, const request& asked, std::optional<record_id> user) {
    const json::object document = parse_object(asked.body);
    const json::value& data = member(document, "data");
    const json::value& given = data.is_object() ? member(data.get_object(), "attributes") : data;
    if (!given.is_object())
        throw invalid("/data/attributes", "can't be blank");
    const json::object& attributes = given.get_object();
    const std::string method = text_member(attributes, "dupeMethod", "skip");
    if (method != "skip" && method != "missing" && method != "overwrite")
        throw invalid("/data/attributes/dupeMethod", "is not included in the list");
    for (const char* const name : {"storageKey", "recordCount", "mappings"}) {
        if (member(attributes, name).is_null())
            throw invalid("/data/attributes/" + std::string{name}, "can't be blank");
    }
    if (!member(attributes, "mappings").is_object())
        throw invalid("/data/attributes/mappings", "It must be an object.");
    csv_rows rows =
        parse_csv(uploaded(in, text_member(attributes, "storageKey", {}), "/data/attributes/storageKey"));
    const auto work = std::make_shared<import_work>();
    work->type = &type;
    work->dupe_method = method;
    work->user = user;
    if (!rows.empty()) {
        work->fields = mapped_fields(type, attributes.at("mappings").get_object(), rows.front());
        rows.erase(rows.begin());
    }
    work->rows = std::move(rows);
    const record& import =
        in.data.create("import",
                       {{"type", type.type == "account" ? "ImportAccount::Csv" : "Import::Csv"},
                        {"state", "progressing"},
                        {"stateChangedAt", time_now()},
                        {"dupeMethod", method},
                        {"fileName", member(attributes, "fileName")},
                        {"mappings", attributes.at("mappings")},
                        {"total", work->rows.size()}},
                       {}, user);
    work->import = import.id;
    work->batch = in.data
                      .create("batch",
                              {{"action", std::string{type.plural} + "Import"},
                               {"contextType", "Import"},
                               {"contextId", import.id},
                               {"state", "pending"},
                               {"startedAt", time_now()},
                               {"total", work->rows.size()},
                               {"pending", work->rows.size()}},
                              {}, user)
                      .id;
    in.later(in.configured.work_delay, [&in, work] { run_slice(in, work); });
    return json_api_answer(200, json::object{{"data", resource_object(import, {asked.origin})}});
}

} // namespace

response run_import_action(world& in, const std::string& name, const request& asked,
                           const std::vector<parameter>& query, std::optional<record_id> user) {
    if (name == "generateUploadLink")
        return generate_link(in, asked);
    if (name == "validateUpload")
        return validate(in, query);
    if (name == "accountsImport")
        return start(in, type_of("account"), asked, user);
    if (name == "prospectsImport")
        return start(in, type_of("prospect"), asked, user);
    throw not_found("There is no such action.");
}

response answer_upload(world& in, const request& asked) {
    constexpr std::string_view folder = "/sandbox/uploads/";
    const auto found = in.uploads.find(asked.path().substr(folder.size()));
    if (found == in.uploads.end() || asked.query().find("X-Amz-Signature=") == std::string_view::npos)
        return {403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"};
    // Contract 10.2: the signature in the URL decides, and S3 takes no second proof beside it.
    if (!asked.header("authorization").empty())
        return {
            400, "application/xml",
            "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"};
    if (asked.header("content-type") == json_api_type)
        return {403, "application/xml", "<Error><Code>SignatureDoesNotMatch</Code></Error>"};
    if (asked.method != "PUT")
        return {403, "application/xml", "<Error><Code>SignatureDoesNotMatch</Code></Error>"};
    found->second = asked.body;
    return {200, {}, {}};
}

} // namespace outreachd::sandbox
