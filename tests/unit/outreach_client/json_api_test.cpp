#include "handlers/outreach/json_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace outreachd::handlers::outreach {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(JsonApi, DescribesWhatFailedOnOneLine) {
    struct {
        int status;
        const char* type;
        const char* body;
        const char* said;
    } const answers[] = {
        {422, "application/vnd.api+json",
         R"({"errors":[{"id":"validationError","title":"Validation Error","detail":"Name can't be blank",
             "source":{"pointer":"/data/attributes/name"}}]})",
         "422 validationError: Validation Error: Name can't be blank (/data/attributes/name)"},
        {422, "application/json", R"({"errors":[{"id":"a","title":"The same","detail":"The same"}]})",
         "422 a: The same"},
        {422, "application/json", R"({"errors":[{"title":"A title","detail":"its detail"}]})",
         "422 A title: its detail"},
        {415, "application/vnd.api+json",
         R"({"errors":[{"id":"unsupportedMediaType","title":"Unsupported Media Type","details":"Send it"}]})",
         "415 unsupportedMediaType: Unsupported Media Type: Send it"},
        {404, "application/vnd.api+json", R"({"errors":[{"id":"resourceNotFound","title":"Not Found"}]})",
         "404 resourceNotFound: Not Found"},
        {422, "application/json", R"({"errors":[{"id":"a","detail":"x"},{"id":"b","detail":"y"}]})",
         "422 a: x; b: y"},
        {422, "application/json", R"({"errors":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"},{"id":"e"}]})",
         "422 a; b; c; and 2 more"},
        {400, "application/json", R"({"errors":[{}]})", "400 an error without a word"},
        {400, "application/json", R"({"errors":{"id":"one","detail":7}})", "400 one: 7"},
        {400, "application/json", R"({"errors":["just words"]})", "400 just words"},
        {400, "application/json", R"({"errors":[{"id":"a\n\u001b[31m\u202eb","detail":"c\td"}]})",
         "400 a [31mb: c d"},
        {500, "application/json", R"({"errors":[]})", "500"},
        {500, "application/json", R"({"errors":null})", "500"},
        {500, "application/json", R"({"data":1})", "500"},
        {400, "application/json",
         R"({"error":"invalid_grant","error_description":"The provided grant is invalid"})",
         "400 invalid_grant: The provided grant is invalid"},
        {429, "text/plain", "Retry later\n", "429: Retry later"},
        {502, "text/html", "<html><body>Bad gateway", "502, with a web page instead of JSON"},
        {502, "", "  <!DOCTYPE html><p>", "502, with a web page instead of JSON"},
        {502, "", "", "502"},
        {502, "", "\xff\xfe\x01", "502"},
        {422, "application/json", R"({"errors":[{"id":"cut)", R"(422: {"errors":[{"id":"cut)"},
    };

    for (const auto& answer : answers)
        EXPECT_EQ(describe_failure(answer.status, answer.type, answer.body), answer.said) << answer.body;
}

TEST(JsonApi, ShortensLongWords) {
    const std::string body = R"({"errors":[{"id":"x","detail":")" + std::string(5000, 'w') + R"("}]})";
    EXPECT_LT(describe_failure(422, "", body).size(), 300U);
    EXPECT_LT(describe_failure(500, "text/plain", std::string(100'000, 'w')).size(), 200U);
    std::string many = R"({"errors":[)";
    for (int i = 0; i < 2000; ++i)
        many += R"({"id":"e"},)";
    many += "{}]}";
    EXPECT_EQ(read_errors(many).size(), 20U);
}

/// Whatever comes: no throw, one line, nothing that disturbs a terminal.
TEST(JsonApi, StaysWholeWhateverTheErrorsAre) {
    const std::string good =
        R"({"errors":[{"id":"validationError","title":"T","detail":"\u00e9 \ud83d\ude00","source":{"pointer":"/a"}},)"
        R"({"id":null,"details":["x",{"y":1e400}],"source":"none"}],"jsonapi":{"version":"1.0"}})";
    std::mt19937 random{20260803};
    for (int round = 0; round < 20'000; ++round) {
        std::string body = good;
        const auto changes = 1 + random() % 4;
        for (std::uint32_t i = 0; i < changes; ++i) {
            const std::size_t at = random() % body.size();
            if (random() % 3 == 0)
                body.erase(at, 1 + random() % 9);
            else if (random() % 2 == 0)
                body.insert(at, 1, static_cast<char>(random() % 256));
            else
                body[at] = R"({}[]",:\u0)"[random() % 11];
            if (body.empty())
                body = "[";
        }
        const std::string said = describe_failure(422, "application/json", body);
        ASSERT_EQ(said, presentable(said, 100'000)) << body;
        resource_texts(body);
        exact_resource_id(body);
        if (const auto document = read_json(body)) {
            next_page(*document);
            read_count(*document);
            resource_id(*document);
        }
    }
}

TEST(JsonApi, RefusesWhatIsNestedTooDeep) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    EXPECT_FALSE(read_json(deep).has_value());
    EXPECT_THAT(resource_texts(deep), IsEmpty());
}

TEST(JsonApi, FindsTheNextPage) {
    const auto next = [](const char* text) { return next_page(read_json(text).value()); };
    EXPECT_EQ(next(R"({"data":[],"links":{"next":"https://x/y?page[after]=z"}})"),
              "https://x/y?page[after]=z");
    EXPECT_EQ(next(R"({"links":{"next":{"href":"https://x/z"}}})"), "https://x/z");
    for (const char* text : {R"({"data":[]})", R"({"links":{"next":null}})", R"({"links":{"prev":"x"}})",
                             R"({"links":[]})", R"([])", R"({"links":{"next":7}})"})
        EXPECT_EQ(next(text), "") << text;
}

TEST(JsonApi, ReadsCountsForWhatTheyAre) {
    using enum total_count::kind;
    const auto count = [](const char* text) { return read_count(read_json(text).value()); };
    EXPECT_EQ(count(R"({"meta":{"count":3,"count_truncated":false}})"), (total_count{exact, 3}));
    EXPECT_EQ(count(R"({"meta":{"count":3}})"), (total_count{exact, 3}));
    EXPECT_EQ(count(R"({"meta":{"count":2000000,"count_truncated":true}})"),
              (total_count{at_least, 2'000'000}));
    EXPECT_EQ(count(R"({"meta":{"count":0,"count_truncated":true}})"), (total_count{unknown, 0}));
    EXPECT_TRUE(count(R"({"meta":{"count":0,"count_truncated":false}})").is_none());
    EXPECT_FALSE(count(R"({"meta":{"count":0,"count_truncated":true}})").is_none());
    for (const char* text : {R"({})", R"({"meta":null})", R"({"meta":{"count":null}})",
                             R"({"meta":{"count":-1}})", R"({"meta":{"count":"3"}})"})
        EXPECT_EQ(count(text), total_count{}) << text;
}

TEST(JsonApi, FindsIncludedResources) {
    const auto document = read_json(R"({"data":{"type":"task","id":1,"relationships":{
            "prospect":{"data":{"type":"prospect","id":7}},"owner":{"data":null},"stage":{}}},
            "included":[{"type":"user","id":7},{"type":"prospect","id":"7","attributes":{"name":"Ada"}}]})")
                              .value();
    const auto& task = document.at("data");
    const auto* const prospect = find_related(document, task, "prospect");
    ASSERT_NE(prospect, nullptr);
    EXPECT_EQ(find_text(*prospect, {"attributes", "name"}), "Ada");
    EXPECT_EQ(find_related(document, task, "owner"), nullptr);
    EXPECT_EQ(find_related(document, task, "stage"), nullptr);
    EXPECT_EQ(find_related(document, task, "none"), nullptr);
    EXPECT_EQ(find_included(document, "user", "8"), nullptr);
    EXPECT_EQ(resource_id(task), "1");
}

TEST(JsonApi, KeepsResourcesAsTheyWereWritten) {
    EXPECT_THAT(
        resource_texts(R"( {"links":{"a":"]}"}, "data" : [ {"id":1.50,"b":[1,2]} , {"c":"},{"} ] } )"),
        ElementsAre(R"({"id":1.50,"b":[1,2]})", R"({"c":"},{"})"));
    EXPECT_THAT(resource_texts(R"({"data":{"id":1e2,"z":0,"a":0}})"),
                ElementsAre(R"({"id":1e2,"z":0,"a":0})"));
    EXPECT_THAT(resource_texts(R"({"data":[]})"), IsEmpty());
    EXPECT_THAT(resource_texts(R"({"data":[ ]})"), IsEmpty());
    EXPECT_THAT(resource_texts(R"({"data":null})"), IsEmpty());
    EXPECT_THAT(resource_texts(R"({"errors":[]})"), IsEmpty());
    EXPECT_THAT(resource_texts(R"({"data":[{"id":1})"), IsEmpty()) << "broken off";
    EXPECT_THAT(resource_texts(R"({"a":"data","data":["\\\"",1]})"), ElementsAre(R"("\\\"")", "1"));
}

TEST(JsonApi, KeepsAllDigitsOfAnId) {
    EXPECT_EQ(exact_resource_id(R"({"data":{"type":"x","id":123456789012345678901234567890}})"),
              "123456789012345678901234567890");
    EXPECT_EQ(exact_resource_id(R"({"data":{"id":"a\u0062c"}})"), "abc");
    EXPECT_EQ(exact_resource_id(R"({"data":{"id":null}})"), "");
    EXPECT_EQ(exact_resource_id(R"({"data":[{"id":1}]})"), "");
    EXPECT_EQ(exact_resource_id("{"), "");
}

} // namespace
} // namespace outreachd::handlers::outreach
