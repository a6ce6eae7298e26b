/// The steps of an import, and what is accepted of their answers.
#include "daemon/outreach/csv_import.hpp"
#include "tests/servers/scripted_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::outreach {
namespace {

using testing::HasSubstr;
using testing::Not;

steady_time soon() {
    return std::chrono::steady_clock::now() + std::chrono::seconds{20};
}

TEST(UploadLink, IsSpelledOneWayOrTheOther) {
    for (const char* const name : {"uploadUrl", "uploadURL"}) {
        const auto link = read_upload_link(std::string{R"({"data":{"type":"upload","attributes":{")"} + name +
                                           R"(":"https://s3/x?sig=y","storageKey":"k"}}})");
        ASSERT_TRUE(link) << name;
        EXPECT_EQ(link->url.reveal(), "https://s3/x?sig=y");
        EXPECT_EQ(link->storage_key, "k");
    }
    EXPECT_FALSE(read_upload_link(R"({"data":{"attributes":{"uploadUrl":"https://s3/x"}}})"));
    EXPECT_FALSE(read_upload_link("nothing"));
}

TEST(CheckedUpload, CountsInTextOrInNumbersAndSendsThatBack) {
    for (const std::string count : {R"("123")", "123"}) {
        const auto checked = read_checked_upload(
            R"({"data":{"type":"validateUpload","attributes":{"headerValue":[],"recordCount":)" + count +
            "}}}");
        ASSERT_TRUE(checked) << count;
        EXPECT_EQ(checked->records, "123");
        const auto start = start_request({.plural = "accounts",
                                          .file_name = "a.csv",
                                          .dupe_method = "missing",
                                          .mappings = {{"Company", "name"}}},
                                         "key", *checked);
        EXPECT_EQ(start.target, "/imports/actions/accountsImport");
        EXPECT_EQ(*start.body,
                  R"({"data":{"attributes":{"storageKey":"key","recordCount":)" + count +
                      R"(,"dupeMethod":"missing","mappings":{"Company":"name"},"fileName":"a.csv"}}})");
    }
    EXPECT_FALSE(read_checked_upload(R"({"data":{"attributes":{}}})"));
}

TEST(ImportState, IsReadFromWhateverMembersThereAre) {
    const auto read = read_import(
        R"({"data":{"id":639,"attributes":{"state":"failed","total":"12","dupes":3,"failures":null,
            "errorReason":"No\u0007."}}})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, "639");
    EXPECT_EQ(read->total, 12U);
    EXPECT_EQ(read->dupes, 3U);
    EXPECT_EQ(read->failures, 0U);
    EXPECT_TRUE(read->has_ended());
    EXPECT_FALSE(read->is_clean());
    EXPECT_EQ(read->error_reason.find('\a'), std::string::npos);
    EXPECT_FALSE(read_import(R"({"data":null})"));
}

TEST(UploadHash, IsSha512) {
    EXPECT_EQ(upload_hash("hex", "abc"), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                                         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    EXPECT_EQ(upload_hash("base64", "abc"),
              "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q8"
              "6A4qmslPpUyknw==");
    EXPECT_EQ(upload_hash("=0a1b", "abc"), "0a1b");
    for (const char* const form : {"", "=", "md5", "HEX"})
        EXPECT_FALSE(upload_hash(form, "abc")) << form;
}

TEST(Upload, PutsTheBytesWithNeitherTokenNorType) {
    test_servers::scripted_server server{
        [](const test_servers::recorded_request&) { return test_servers::http_ok(); }};
    const std::string origin = "http://127.0.0.1:" + std::to_string(server.port());
    handlers::http_transport transport{{.authorities = {}, .proxy = ""}};
    EXPECT_EQ(upload(transport, {secret{origin + "/b/data.csv?X-Amz-Signature=planted"}, "k"}, "a,b\n1,2\n",
                     origin + "/api/v2", soon()),
              "");
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.line, "PUT /b/data.csv?X-Amz-Signature=planted HTTP/1.1");
    EXPECT_EQ(request.body, "a,b\n1,2\n");
    EXPECT_FALSE(request.headers.contains("authorization"));
    EXPECT_FALSE(request.headers.contains("content-type"));
}

TEST(Upload, SaysWhatFailedWithoutTheSignature) {
    test_servers::scripted_server server{[](const test_servers::recorded_request&) {
        return test_servers::http_status(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
    }};
    const std::string origin = "http://127.0.0.1:" + std::to_string(server.port());
    handlers::http_transport transport{{.authorities = {}, .proxy = ""}};
    const auto put = [&](const std::string& url, const std::string& api) {
        return upload(transport, {secret{url}, "k"}, "a\n1\n", api, soon());
    };
    const std::string refused = put(origin + "/data.csv?X-Amz-Signature=planted", origin + "/api/v2");
    EXPECT_THAT(refused, HasSubstr("was answered 403: SignatureDoesNotMatch"));
    EXPECT_THAT(refused, Not(HasSubstr("planted")));
    EXPECT_THAT(put(origin + "/data.csv?planted", "https://api.outreach.io/api/v2"),
                HasSubstr("isn't https"));
    EXPECT_THAT(put("http://elsewhere.example.com/?planted", origin + "/api/v2"), HasSubstr("isn't https"));
    EXPECT_THAT(put("file:///etc/passwd", origin + "/api/v2"), HasSubstr("can't be used"));
    EXPECT_EQ(server.requests().size(), 1U);
}

} // namespace
} // namespace outreachd::outreach
