/// Answers as bytes.
#include "daemon/admin/message.hpp"

#include <gtest/gtest.h>

namespace outreachd::admin {
namespace {

TEST(Message, AnswerHasTheHeadersOfAll) {
    EXPECT_EQ(to_http(text_answer(200, "ok"), false, true),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n"
              "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\nok");
}

TEST(Message, HeadHasLengthAndNoBody) {
    const std::string bytes = to_http(json_answer("[]"), true, false);
    EXPECT_NE(bytes.find("\r\nContent-Length: 2\r\n"), std::string::npos);
    EXPECT_NE(bytes.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
    EXPECT_TRUE(bytes.ends_with("\r\nConnection: close\r\n\r\n"));
}

TEST(Message, ErrorsAreJson) {
    const response refused = error_answer(404, "no \"such\"\r\nthing");
    EXPECT_EQ(refused.status, 404U);
    EXPECT_EQ(refused.body, R"({"error":"no \"such\"\u000d\nthing"})");
}

TEST(Message, PathAndQueryAreParted) {
    struct {
        const char* target;
        const char* path;
        const char* query;
    } const cases[] = {
        {"/a", "/a", ""},        {"/a?", "/a", ""}, {"/a?b=c", "/a", "b=c"},
        {"/a?b?c", "/a", "b?c"}, {"?", "", ""},     {"", "", ""},
    };

    for (const auto& each : cases) {
        const request asked{"GET", each.target, {}, {}, {}, {}};
        EXPECT_EQ(asked.path(), each.path) << each.target;
        EXPECT_EQ(asked.query(), each.query) << each.target;
    }
}

} // namespace
} // namespace outreachd::admin
