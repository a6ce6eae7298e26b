/// Values that want to be more than values: no header is added, no path is left, no host is reached.
#include "tests/unit/handlers/http_under_test.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

namespace json = boost::json;
using namespace test;
using testing::IsEmpty;
using testing::Not;

std::vector<json::value> hostile_values() {
    std::vector<json::value> values{
        nullptr, true, 0, -7, json::array{}, json::object{}, json::parse(R"({"a":[{"b":"\"}}"}]})")};
    for (const char* text : {"",
                             " ",
                             ".",
                             "..",
                             "../",
                             "../../etc/passwd",
                             "..\\..",
                             "./x",
                             "%2e%2e",
                             "%2e%2e/",
                             "%00",
                             "%0d%0aX: y",
                             "%",
                             "a b",
                             "a/b",
                             "a\\b",
                             "?a=b",
                             "#a",
                             "&c=d",
                             ";",
                             ":",
                             "@",
                             "//evil.invalid/",
                             "http://evil.invalid/",
                             "\"",
                             "'",
                             "`",
                             "$(id)",
                             "${{ .x }}",
                             "${HOME}",
                             "}}",
                             "{{",
                             "\\",
                             "\\n",
                             "<script>",
                             "x\ry",
                             "x\ny",
                             "x\r\nX-Added: y",
                             "x\r\n\r\nPOST / HTTP/1.1",
                             "\t",
                             "\x01",
                             "\x7f",
                             "\x1b[0m",
                             "\xC3\xA4\xF0\x9F\x98\x80",
                             "\xE2\x80\xAE"})
        values.emplace_back(text);
    values.emplace_back(json::string(std::string(64UL * 1024, 'x')));
    values.emplace_back(json::string(std::string(64UL * 1024, '"')));
    values.emplace_back(json::string(std::string("nul\0nul", 7)));
    return values;
}

std::string body_with(const json::value& value) {
    return json::serialize(json::object{{"v", value}});
}

/// A server that takes everything, asked by one handler for each hostile value.
struct many_deliveries {
    explicit many_deliveries(const settings::http_handler& configured) {
        settings::http_handler at_server = configured;
        at_server.url = url_of(server, configured.url);
        const auto handler = make_http(at_server);
        for (const json::value& value : hostile_values()) {
            const std::size_t before = server.requests().size();
            const outcome said = handler->handle(attempt_at(body_with(value)));
            const auto requests = server.requests();
            if (said.verdict == outcome::kind::done) {
                EXPECT_EQ(requests.size(), before + 1) << value;
                got.emplace_back(value, requests.back());
            } else {
                EXPECT_EQ(said.verdict, outcome::kind::dead) << value << said.reason;
                EXPECT_THAT(said.reason, Not(IsEmpty())) << value;
                EXPECT_LT(said.reason.size(), 1000U) << value;
                EXPECT_EQ(requests.size(), before) << value;
                ++refused;
            }
        }
    }

    scripted_server server{[](const recorded_request&) { return http_ok(); }};
    std::vector<std::pair<json::value, recorded_request>> got;
    int refused = 0;
};

std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            plain += text[at];
            continue;
        }
        plain += static_cast<char>(std::stoi(std::string{text.substr(at + 1, 2)}, nullptr, 16));
        at += 2;
    }
    return plain;
}

std::string as_text(const json::value& value) {
    return value.is_string() ? std::string{value.as_string()} : json::serialize(value);
}

TEST(HttpHostile, StaysOneSegmentOfThePath) {
    settings::http_handler configured;
    configured.url = "/a/${{ .v }}/z";
    const many_deliveries its{configured};
    for (const auto& [value, request] : its.got) {
        const std::string& line = request.line;
        ASSERT_TRUE(line.starts_with("POST /a/") && line.ends_with("/z HTTP/1.1")) << line;
        const std::string segment = line.substr(8, line.size() - 8 - 11);
        EXPECT_EQ(segment.find_first_of("/?#\\ "), std::string::npos) << line;
        EXPECT_EQ(decoded(segment), as_text(value));
        EXPECT_EQ(request.headers.size(), 7U) << request.head;
    }
    EXPECT_GT(its.got.size(), 40U);
    EXPECT_GE(its.refused, 3); // null, '.', '..'
}

TEST(HttpHostile, StaysOneValueOfTheQuery) {
    settings::http_handler configured;
    configured.url = "/a?b=${{ .v }}&z=1";
    const many_deliveries its{configured};
    for (const auto& [value, request] : its.got) {
        const std::string& line = request.line;
        ASSERT_TRUE(line.starts_with("POST /a?b=") && line.ends_with("&z=1 HTTP/1.1")) << line;
        const std::string part = line.substr(10, line.size() - 10 - 13);
        EXPECT_EQ(part.find_first_of("&=#+ "), std::string::npos) << line;
        EXPECT_EQ(decoded(part), as_text(value));
        EXPECT_EQ(request.headers.size(), 7U) << request.head;
    }
    EXPECT_GT(its.got.size(), 40U);
}

TEST(HttpHostile, StaysOneHeader) {
    settings::http_handler configured;
    configured.url = "/";
    configured.headers = {{"X-Value", "<${{ .v }}>"}};
    const many_deliveries its{configured};
    for (const auto& [value, request] : its.got) {
        EXPECT_EQ(request.headers.size(), 8U) << request.head;
        EXPECT_EQ(request.headers.at("x-value"), "<" + as_text(value) + ">");
        EXPECT_EQ(request.body, body_with(value));
    }
    EXPECT_GT(its.got.size(), 35U);
    EXPECT_GE(its.refused, 8);
}

TEST(HttpHostile, StaysOneStringOfJson) {
    settings::http_handler configured;
    configured.url = "/";
    configured.body = settings::http_body{R"({"a":"<${{ .v }}>","b":"${{ .v }}","c":1})", true};
    const many_deliveries its{configured};
    for (const auto& [value, request] : its.got) {
        const json::object read = json::parse(request.body).as_object();
        EXPECT_EQ(read.size(), 3U) << value;
        EXPECT_EQ(std::string{read.at("a").as_string()}, "<" + as_text(value) + ">");
        EXPECT_EQ(request.headers.size(), 7U) << request.head;
    }
    EXPECT_EQ(its.refused, 0);
}

TEST(HttpHostile, IsDeadWhereItIsNoUrl) {
    settings::http_handler configured;
    configured.url = "";
    configured.allow_hosts = {"good.example.com"};
    scripted_server server{[](const recorded_request&) { return http_ok(); }};
    configured.url = "${{ .v }}";
    const auto handler = make_http(configured);
    for (const json::value& value : hostile_values()) {
        const outcome said = handler->handle(attempt_at(body_with(value)));
        EXPECT_EQ(said.verdict, outcome::kind::dead) << value;
        EXPECT_LT(said.reason.size(), 1000U) << value;
    }
}

} // namespace
} // namespace outreachd::handlers
