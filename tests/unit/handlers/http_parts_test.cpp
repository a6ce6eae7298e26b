/// What a request is made of: signature, CloudEvent, URL; and what its answer means.
#include "handlers/cloud_event.hpp"
#include "handlers/http_url.hpp"
#include "handlers/http_verdict.hpp"
#include "handlers/webhook_signature.hpp"
#include "tests/unit/handlers/attempts.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const wall_time now = *parse_timestamp("2026-11-21T08:22:55Z");

/// The vector that the libraries of Standard Webhooks test themselves with: the key is what the secret
/// `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw` stands for.
TEST(WebhookSignature, IsThatOfThePublishedExample) {
    const unsigned char bytes[] = {0x31, 0xf2, 0x90, 0xf6, 0xbf, 0x06, 0x29, 0x8a, 0xab, 0x4f, 0x08, 0xd4,
                                   0x3c, 0x3f, 0x08, 0x2c, 0xf6, 0x48, 0xa3, 0x62, 0xda, 0x2d, 0xa4, 0xb0};
    const hmac_key key{{reinterpret_cast<const char*>(bytes), sizeof bytes}};
    const auto headers = sign_webhook(key, "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                      wall_time{std::chrono::seconds{1614265330}}, R"({"test": 2432232314})");
    const std::vector<header> expected{
        {"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
        {"webhook-timestamp", "1614265330"},
        {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}};
    EXPECT_EQ(headers, expected);
}

TEST(CloudEvent, HasItsAttributesAndTheJsonAsItCame) {
    const std::string body =
        "{ \"data\": {\"type\":\"task\",\"id\":123456789012345678901234567890, \"x\":1.10},\n"
        "  \"meta\":{\"eventName\":\"task.completed\",\"deliveredAt\":\"2026-11-21T08:22:50Z\"} }";
    auto subject = test::make_event(body);
    subject->content_type = "application/vnd.api+json; charset=utf-8";
    const std::string made = cloud_event(*subject);
    EXPECT_EQ(made, R"({"specversion":"1.0","id":"019aa000-0000-7000-8000-000000000001","source":"outreach",)"
                    R"("type":"task.completed","subject":"task/123456789012345678901234567890",)"
                    R"("time":"2026-11-21T08:22:55.123Z",)"
                    R"("datacontenttype":"application/vnd.api+json; charset=utf-8","data":)" +
                        body + "}");
    // Required and optional attributes have the types that the specification gives them.
    const json::object read = json::parse(made).as_object();
    for (const char* name : {"specversion", "id", "source", "type", "subject", "time", "datacontenttype"})
        EXPECT_TRUE(read.at(name).is_string()) << name;
    EXPECT_TRUE(read.at("data").is_object());
    EXPECT_FALSE(read.contains("data_base64"));
}

TEST(CloudEvent, SaysThatJsonIsJsonWhateverTheHeaderSaid) {
    for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"}) {
        auto subject = test::make_event("[1]");
        subject->content_type = type;
        const json::object read = json::parse(cloud_event(*subject)).as_object();
        EXPECT_EQ(read.at("datacontenttype"), "application/json") << type;
        EXPECT_FALSE(read.contains("subject"));
    }
}

TEST(CloudEvent, CarriesOtherBytesInBase64) {
    auto subject = test::make_event(std::string{"\xFF\x00{", 3});
    json::object read = json::parse(cloud_event(*subject)).as_object();
    EXPECT_EQ(read.at("data_base64"), "/wB7");
    EXPECT_EQ(read.at("datacontenttype"), "application/octet-stream");
    EXPECT_EQ(read.at("type"), "unknown");
    EXPECT_FALSE(read.contains("data"));
    subject->content_type = "image/png";
    EXPECT_EQ(json::parse(cloud_event(*subject)).at("datacontenttype"), "image/png");
    for (const char* type : {"text/\xFF", "nonsense", "/json", "text/"}) {
        subject->content_type = type;
        EXPECT_EQ(json::parse(cloud_event(*subject)).at("datacontenttype"), "application/octet-stream");
    }
}

TEST(CloudEvent, HasNoControlCharacterInAnAttribute) {
    const auto subject = test::make_event("{}");
    subject->facts.name = "a\x01"
                          "b\xC2\x85";
    subject->facts.resource = "a";
    subject->facts.resource_id = "7\n";
    const json::object read = json::parse(cloud_event(*subject)).as_object();
    EXPECT_EQ(read.at("type"), "a\xEF\xBF\xBD"
                               "b\xEF\xBF\xBD");
    EXPECT_EQ(read.at("subject"), "a/7\xEF\xBF\xBD");
}

TEST(HttpUrl, ReadsWhatCurlReads) {
    const http_url read = read_http_url("https://CRM.example.com:8443/a/b?token=hidden");
    EXPECT_THAT(read.problem, IsEmpty());
    EXPECT_EQ(read.scheme, "https");
    EXPECT_EQ(read.host, "crm.example.com");
    EXPECT_EQ(read.shown, "https://CRM.example.com:8443/a/b");
    EXPECT_EQ(read_http_url("http://[::1]:80/").host, "::1");
    // The forms of an address are one address, as they are to the resolver.
    EXPECT_EQ(read_http_url("http://0x7f.1/").host, "127.0.0.1");
    // More slashes than two are taken for two.
    EXPECT_EQ(read_http_url("https:///evil.example/x").host, "evil.example");
    EXPECT_THAT(read_http_url("https://h/" + std::string(5000, 'a')).shown.size(), testing::Lt(300U));
}

TEST(HttpUrl, RefusesWhatCouldBeReadInTwoWays) {
    for (const char* text : {"",
                             "/path",
                             "ftp://host/",
                             "file:///etc/passwd",
                             "host/path",
                             "https://",
                             "https://user@host/",
                             "https://user:word@host/",
                             "https://good.com@evil.com/",
                             "https://host/a b",
                             "https://host/a\r\nX: y",
                             "https://host/\xC3\xA4",
                             "https://host:99999/",
                             "https://ho st/",
                             "https://a.com%2f@b.com/",
                             "https://a.com%00.b.com/",
                             "https://host/a/../b",
                             "https://host/..",
                             "https://host/a/.",
                             "https://host/%2e%2E/b",
                             "https://host/a/.%2e/b",
                             "https://host/a\\..\\b",
                             "javascript:alert(1)",
                             "https://a.com\\@b.com/"})
        EXPECT_THAT(read_http_url(text).problem, Not(IsEmpty())) << text;
    for (const char* text :
         {"https://host/...", "https://host/a..b", "https://host/?q=/../", "https://host/.a/"})
        EXPECT_THAT(read_http_url(text).problem, IsEmpty()) << text;
}

http_answer answer_of(int status, std::vector<header> headers = {}) {
    http_answer answer;
    answer.status = status;
    answer.headers = std::move(headers);
    answer.body = "because";
    return answer;
}

TEST(HttpVerdict, FollowsTheStatus) {
    for (const int status : {200, 201, 202, 204, 299})
        EXPECT_EQ(judge_answer(answer_of(status), "POST x", now).verdict, outcome::kind::done) << status;
    for (const int status : {407, 408, 425, 429, 500, 502, 503, 504, 599})
        EXPECT_EQ(judge_answer(answer_of(status), "POST x", now).verdict, outcome::kind::retry) << status;
    for (const int status :
         {100, 101, 300, 301, 304, 307, 400, 401, 403, 404, 409, 410, 422, 426, 499, 600, 999})
        EXPECT_EQ(judge_answer(answer_of(status), "POST x", now).verdict, outcome::kind::dead) << status;
}

TEST(HttpVerdict, KeepsTheAnswerOfAllThatFailed) {
    EXPECT_EQ(judge_answer(answer_of(200), "POST x", now).last_answer, "");
    EXPECT_EQ(judge_answer(answer_of(500), "POST x", now).last_answer, "because");
    EXPECT_EQ(judge_answer(answer_of(400), "POST x", now).last_answer, "because");
    EXPECT_EQ(judge_answer(answer_of(400), "POST x", now).reason, "POST x answered 400");
}

TEST(HttpVerdict, TriesAnAnswerAgainThatIsNotWhole) {
    auto half = answer_of(200);
    half.problem = "the answer broke off";
    const outcome said = judge_answer(half, "POST x", now);
    EXPECT_EQ(said.verdict, outcome::kind::retry);
    EXPECT_EQ(said.reason, "POST x: the answer broke off");
    EXPECT_EQ(said.last_answer, "because");
}

TEST(HttpVerdict, HeedsTheWaitThatIsAskedFor) {
    const auto wait_of = [](int status, std::vector<header> headers) {
        return judge_answer(answer_of(status, std::move(headers)), "POST x", now).retry_after;
    };
    const std::string reset =
        std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() + 90);
    EXPECT_EQ(wait_of(429, {{"retry-after", "30"}}), std::chrono::seconds{30});
    EXPECT_EQ(wait_of(503, {{"retry-after", "Sat, 21 Nov 2026 08:23:55 GMT"}}), std::chrono::seconds{60});
    EXPECT_EQ(wait_of(429, {{"x-ratelimit-reset", reset}}), std::chrono::seconds{90});
    EXPECT_EQ(wait_of(429, {{"x-ratelimit-reset", "45"}}), std::chrono::seconds{45});
    EXPECT_EQ(wait_of(429, {{"x-ratelimit-reset", "45"}, {"retry-after", "5"}}), std::chrono::seconds{5});
    EXPECT_EQ(wait_of(429, {{"retry-after", "soon"}, {"x-ratelimit-reset", "45"}}), std::chrono::seconds{45});
    // Every answer says when the hourly limit ends; a failure has nothing to do with it.
    EXPECT_EQ(wait_of(500, {{"x-ratelimit-reset", "3000"}}), std::nullopt);
    EXPECT_EQ(wait_of(429, {}), std::nullopt);
    EXPECT_EQ(judge_answer(answer_of(429, {{"retry-after", "30"}}), "POST x", now).reason,
              "POST x answered 429, and asks to wait 30 s");
}

TEST(HttpVerdict, NamesWhereARedirectLeadsAndNoSecretInIt) {
    const auto reason_of = [](const std::string& location) {
        return judge_answer(answer_of(302, {{"location", location}}), "POST x", now).reason;
    };
    EXPECT_THAT(reason_of("https://login.example.com:444/in?token=hidden#part"),
                HasSubstr("answered 302, a redirect to https://login.example.com:444/in, and"));
    EXPECT_THAT(reason_of("/in?token=hidden"), HasSubstr("a redirect to /in, and"));
    EXPECT_THAT(reason_of("https://me:hidden@example.com/in"),
                HasSubstr("a redirect to https://example.com/in,"));
    for (const char* odd : {"", "//example.com/in?token=hidden", "in?token=hidden", "\x01\x02"})
        EXPECT_THAT(reason_of(odd), HasSubstr("a redirect, and")) << odd;
}

/// Many servers send one on to the same path, a slash behind it or another host in front.
TEST(HttpVerdict, NamesNoPathOfARedirectWhereThatMayBeASecret) {
    const auto reason_of = [](const std::string& location) {
        return judge_answer(answer_of(302, {{"location", location}}), "POST x", now, true).reason;
    };
    EXPECT_THAT(reason_of("https://hooks.example.com:444/services/hidden/"),
                HasSubstr("a redirect to https://hooks.example.com:444, and"));
    for (const char* relative : {"/services/hidden/", "hidden", "//hooks.example.com/hidden"})
        EXPECT_THAT(reason_of(relative), HasSubstr("a redirect, and")) << relative;
}

} // namespace
} // namespace outreachd::handlers
