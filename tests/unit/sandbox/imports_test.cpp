/// Contract section 10: imports of a CSV.
#include "daemon/sandbox/csv.hpp"
#include "daemon/sandbox/proofs.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>

namespace outreachd::sandbox {
namespace {

using testing::ElementsAre;

options no_records() {
    options configured = quick_options();
    configured.is_empty = true;
    return configured;
}

struct importing : running_sandbox {
    explicit importing(options configured = no_records()) : running_sandbox(std::move(configured)) {}

    /// Its storage key.
    std::string upload(const std::string& csv) {
        const json_reply link = post("imports/actions/generateUploadLink");
        const std::string url = link.text("/data/attributes/uploadUrl");
        EXPECT_EQ(raw("PUT", url.substr(url.find("/sandbox")), csv, {{"Content-Type", "text/csv"}}).status,
                  200U);
        return link.text("/data/attributes/storageKey");
    }

    json_reply validate(const std::string& key, const std::string& hash) {
        return post("imports/actions/validateUpload?actionParams[storageKey]=" + key +
                    "&actionParams[hash]=" + hash);
    }

    json_reply start(const std::string& action, const std::string& key, const std::string& rest) {
        return post("imports/actions/" + action, R"({"data":{"type":"import","attributes":{"storageKey":")" +
                                                     key + R"(","recordCount":1)" + rest + "}}}");
    }

    /// The import when it has ended.
    json_reply import_all(const std::string& action, const std::string& csv, const std::string& rest) {
        const json_reply begun = start(action, upload(csv), rest);
        EXPECT_EQ(begun.status, 200U) << json::serialize(begun.body);
        EXPECT_EQ(begun.text("/data/attributes/state"), "progressing");
        const std::string path = "imports/" + std::to_string(begun.number("/data/id"));
        EXPECT_TRUE(becomes_true([&] { return get(path).text("/data/attributes/state") != "progressing"; }));
        return get(path);
    }
};

const std::string to_accounts =
    R"(,"mappings":{"Key":"customId","Company":"name","Staff":"numberOfEmployees"})";

TEST(Csv, IsReadAsTheStandardSays) {
    EXPECT_THAT(parse_csv("a,b\r\n1,2\r\n"), ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2")));
    EXPECT_THAT(parse_csv("a,\"b,\"\"c\"\"\nd\"\n,\n\n\"\""),
                ElementsAre(ElementsAre("a", "b,\"c\"\nd"), ElementsAre("", ""), ElementsAre("")));
    EXPECT_THAT(parse_csv("\xEF\xBB\xBF"
                          "a"),
                ElementsAre(ElementsAre("a")));
    EXPECT_TRUE(parse_csv("").empty());
}

TEST(Upload, LinkHasNoId) { // 10.1
    importing test;
    const json_reply link = test.post("imports/actions/generateUploadLink");
    EXPECT_EQ(link.text("/data/type"), "upload");
    EXPECT_FALSE(link.at("/data").as_object().contains("id"));
    EXPECT_THAT(link.text("/data/attributes/uploadUrl"), testing::StartsWith(test.subject.origin()));
}

TEST(Upload, TakesNoOtherProofThanItsSignature) { // 10.2
    importing test;
    const std::string url =
        test.post("imports/actions/generateUploadLink").text("/data/attributes/uploadUrl");
    const std::string target = url.substr(url.find("/sandbox"));
    EXPECT_EQ(test.raw("PUT", target, "a", {{"Authorization", "Bearer " + known_token}}).status, 400U);
    EXPECT_EQ(test.raw("PUT", target, "a", {{"Content-Type", "application/vnd.api+json"}}).status, 403U);
    EXPECT_EQ(test.raw("PUT", target.substr(0, target.find('?')), "a").status, 403U);
    EXPECT_EQ(test.raw("POST", target, "a").status, 403U);
    EXPECT_EQ(test.raw("PUT", "/sandbox/uploads/other?X-Amz-Signature=1", "a").status, 403U);
    EXPECT_EQ(test.raw("PUT", target, "a").status, 200U);
}

TEST(Upload, IsValidatedByItsHash) { // 10.3 to 10.5
    importing test;
    const std::string csv = "Key,Company\n1,Alpha\n2,Beta\n";
    const std::string key = test.upload(csv);
    const json_reply valid = test.validate(key, upload_hash(csv, {}));
    ASSERT_EQ(valid.status, 200U);
    EXPECT_EQ(valid.text("/data/type"), "validateUpload");
    EXPECT_EQ(valid.text("/data/attributes/recordCount"), "2");
    EXPECT_EQ(valid.text("/data/attributes/headerValue/1/header"), "Company");
    EXPECT_EQ(valid.text("/data/attributes/headerValue/1/value"), "Alpha");
    EXPECT_EQ(test.validate(key, upload_hash("other", {})).status, 422U);
    EXPECT_EQ(test.validate("other", upload_hash(csv, {})).status, 422U);
    EXPECT_EQ(test.validate(key, {}).status, 422U);
}

TEST(Upload, HashMayHaveAKey) { // 10.4
    options configured = no_records();
    configured.import_hash_key = "key";
    importing test{configured};
    EXPECT_EQ(test.validate(test.upload("a\n1\n"), upload_hash("a\n1\n", "key")).status, 200U);
    EXPECT_EQ(test.validate(test.upload("a\n1\n"), upload_hash("a\n1\n", {})).status, 422U);
    // From `printf abc | sha512sum`, and with `openssl dgst -hmac key`.
    EXPECT_THAT(upload_hash("abc", {}), testing::StartsWith("ddaf35a193617abacc417349ae204131"));
    EXPECT_THAT(upload_hash("abc", "key"), testing::StartsWith("3926a207c8c42b0c41792cbd3e1a1aaa"));
}

TEST(Import, MakesRecords) { // 10.6, 10.9
    importing test;
    const json_reply ended =
        test.import_all("accountsImport", "Key,Company,Staff,Other\n1,Alpha,10,x\n2,\"B, Inc.\",,y\n",
                        to_accounts + R"(,"fileName":"april.csv")");
    EXPECT_EQ(ended.text("/data/attributes/state"), "finished");
    EXPECT_EQ(ended.text("/data/attributes/type"), "ImportAccount::Csv");
    EXPECT_EQ(ended.text("/data/attributes/fileName"), "april.csv");
    EXPECT_EQ(ended.number("/data/attributes/total"), 2);
    EXPECT_EQ(ended.number("/data/attributes/dupes"), 0);
    EXPECT_EQ(ended.number("/data/attributes/failures"), 0);
    EXPECT_EQ(test.get("accounts?newFilterSyntax=true&filter[name]=B,%20Inc.").count(), 1U);
    EXPECT_EQ(test.get("accounts?filter[numberOfEmployees]=10").count(), 1U);
}

TEST(Import, TreatsDuplicatesAsTold) { // 10.8

    const struct {
        const char* method;
        const char* name;
        int employees;
    } cases[]{{"skip", "Alpha", 0}, {"missing", "Alpha", 10}, {"overwrite", "Omega", 10}};

    for (const auto& each : cases) {
        importing test;
        const std::string id =
            std::to_string(test.make("accounts", "account", R"("name":"Alpha","customId":"1")"));
        const json_reply ended = test.import_all("accountsImport", "Key,Company,Staff\n1,Omega,10\n",
                                                 to_accounts + R"(,"dupeMethod":")" + each.method + '"');
        EXPECT_EQ(ended.number("/data/attributes/dupes"), 1) << each.method;
        EXPECT_EQ(test.get("accounts").count(), 1U) << each.method;
        const json_reply account = test.get("accounts/" + id);
        EXPECT_EQ(account.text("/data/attributes/name"), each.name) << each.method;
        const json::value& employees = account.at("/data/attributes/numberOfEmployees");
        EXPECT_EQ(employees.is_null() ? 0 : employees.as_int64(), each.employees) << each.method;
    }
}

TEST(Import, OfProspectsKnowsThemByExternalIdAndId) { // 10.8, 10.9
    importing test;
    const std::string id = std::to_string(test.make("prospects", "prospect", R"("externalId":"7")"));
    const std::string mappings =
        R"(,"dupeMethod":"overwrite","mappings":{"Ext":"externalId","Mail":"emails","Nr":"id"})";
    const json_reply ended =
        test.import_all("prospectsImport", "Ext,Mail\n7,a@example.com\n8,b@example.com\n", mappings);
    EXPECT_EQ(ended.text("/data/attributes/type"), "Import::Csv");
    EXPECT_EQ(ended.number("/data/attributes/dupes"), 1);
    EXPECT_EQ(test.get("prospects/" + id).text("/data/attributes/emails/0"), "a@example.com");
    test.import_all("prospectsImport", "Nr,Mail\n" + id + ",c@example.com\n", mappings);
    EXPECT_EQ(test.get("prospects/" + id).text("/data/attributes/emails/0"), "c@example.com");
    EXPECT_EQ(test.get("prospects").count(), 2U);
}

TEST(Import, TellsItsFailures) { // 10.9, 10.11
    importing test;
    const json_reply some =
        test.import_all("accountsImport", "Key,Company,Staff\n1,Alpha,ten\n2,Beta,20\n", to_accounts);
    EXPECT_EQ(some.text("/data/attributes/state"), "finished");
    EXPECT_EQ(some.number("/data/attributes/failures"), 1);
    const json_reply batches = test.get("batches?filter[contextType]=Import&filter[contextId]=" +
                                        std::to_string(some.number("/data/id")));
    ASSERT_EQ(batches.count(), 1U);
    EXPECT_EQ(batches.number("/data/0/attributes/failures"), 1);
    EXPECT_EQ(test.get("batchItems?filter[batch][id]=" + std::to_string(batches.number("/data/0/id")) +
                       "&filter[state]=error")
                  .count(),
              1U);
    const json_reply none = test.import_all("accountsImport", "Key,Company,Staff\n1,,1\n", to_accounts);
    EXPECT_EQ(none.text("/data/attributes/state"), "failed");
    EXPECT_FALSE(none.text("/data/attributes/errorReason").empty());
}

TEST(Import, RaisesItsWebhooks) { // 4, 10.10
    importing test;
    test.make("webhooks", "webhook", R"("url":"http://127.0.0.1:1/")");
    test.import_all("accountsImport", "Key,Company\n1,Alpha\n", to_accounts);
    std::vector<std::string> names;
    for (const delivery& each : test.subject.deliveries())
        names.push_back(each.event_name);
    EXPECT_THAT(names, ElementsAre("import.created", "account.created", "import.finished"));
}

TEST(Import, IsHeldAgainstWhatItNeeds) { // 10.6
    importing test;
    const std::string key = test.upload("Key\n1\n");
    EXPECT_EQ(test.start("accountsImport", key, {}).status, 422U);
    EXPECT_EQ(test.start("accountsImport", key, R"(,"mappings":{"Key":"nonsense"})").status, 422U);
    EXPECT_EQ(test.start("accountsImport", key, R"(,"mappings":{"Key":"name"},"dupeMethod":"merge")").status,
              422U);
    EXPECT_EQ(test.start("accountsImport", "other", R"(,"mappings":{"Key":"name"})").status, 422U);
    EXPECT_EQ(test.start("callsImport", key, R"(,"mappings":{"Key":"name"})").status, 404U);
}

TEST(Import, NeedsItsScope) { // 10.12
    options configured = no_records();
    configured.scopes = "imports.read";
    importing test{configured};
    EXPECT_EQ(test.post("imports/actions/generateUploadLink").status, 403U);
}

} // namespace
} // namespace outreachd::sandbox
