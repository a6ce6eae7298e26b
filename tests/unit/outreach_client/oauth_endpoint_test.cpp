/// What OAuth's token endpoint, or what stands before it, can answer.
#include "tests/unit/outreach_client/oauth_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using kind = token_reply::kind;

TEST(OauthEndpoint, WaitsAsLongAsTheEndpointAsks) {
    for (const auto& [headers, wait] : {std::pair{"Retry-After: 42\r\n", seconds{42}},
                                        {"", seconds{60}},
                                        {"Retry-After: soon\r\n", seconds{60}},
                                        {"Retry-After: 86400\r\n", seconds{900}}}) {
        oauth_under_test test;
        test.endpoint.instead = [&](const recorded_request&) {
            return answer_of(429, "Retry later\n", headers, "text/plain");
        };
        const auto tokens = test.make();
        const token_reply reply = tokens->get(in());
        EXPECT_EQ(reply.what, kind::later) << headers;
        EXPECT_EQ(reply.until, test.clock.now() + wait) << headers;
        EXPECT_THAT(reply.why, HasSubstr("429: Retry later"));
        EXPECT_EQ(tokens->get(in()).what, kind::later);
        EXPECT_EQ(test.endpoint.server.requests().size(), 1U);
        test.endpoint.behave();
        test.clock.advance(wait);
        EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    }
}

TEST(OauthEndpoint, BacksOffWhereNobodyListens) {
    oauth_under_test test;
    test.configured.token_url = "http://127.0.0.1:" + std::to_string(unused_port()) + "/oauth/token";
    const auto tokens = test.make();
    seconds last{0};
    for (int i = 0; i < 12; ++i) {
        const token_reply reply = tokens->get(in());
        ASSERT_EQ(reply.what, kind::later);
        EXPECT_THAT(reply.why, HasSubstr("can't be reached"));
        const auto wait = std::chrono::duration_cast<seconds>(reply.until - test.clock.now());
        EXPECT_GE(wait, last);
        EXPECT_LE(wait, seconds{300});
        EXPECT_FALSE(test.file.read().record.refreshing_since.has_value()) << "nothing was taken";
        last = wait;
        test.clock.advance(wait);
    }
    EXPECT_EQ(last, seconds{300});
}

TEST(OauthEndpoint, TakesOddRepliesForWhatTheyAre) {
    struct {
        scripted_answer reply;
        kind what;
    } const replies[] = {
        {answer_of(200, "<html>", {}, "text/html"), kind::later},
        {answer_of(200, "{\"access_token\":\"cut"), kind::later},
        {answer_of(200, R"({"access_token":""})"), kind::later},
        {answer_of(200, R"({"access_token":"a\r\nInjected: 1"})"), kind::later},
        {answer_of(200, R"([])"), kind::later},
        {answer_of(302, "", "Location: /login\r\n"), kind::later},
        {answer_of(500, "oops"), kind::later},
        {answer_of(404, "nothing here"), kind::later},
        // A firewall's or a proxy's word is not the endpoint's: no refusal that only a login mends.
        {answer_of(400, "<html>Request blocked</html>", {}, "text/html"), kind::later},
        {answer_of(400, "bad request", {}, "text/plain"), kind::later},
        {answer_of(400, R"({"message":"Forbidden"})"), kind::later},
        {answer_of(401, "", "WWW-Authenticate: Basic\r\n"), kind::later},
        {answer_of(400, R"({"error":"invalid_grant"})"), kind::needs_login},
        {answer_of(400, R"({"errors":[{"id":"invalidGrant"}]})"), kind::needs_login},
        {answer_of(401, R"({"error":"invalid_client"})"), kind::needs_login},
    };

    for (const auto& each : replies) {
        oauth_under_test test;
        test.endpoint.instead = [&](const recorded_request&) { return each.reply; };
        const token_reply reply = test.make()->get(in());
        EXPECT_EQ(reply.what, each.what) << each.reply.bytes << reply.why;
        EXPECT_THAT(reply.why, HasSubstr("the token endpoint answered"));
    }
}

TEST(OauthEndpoint, SaysWhatIsRefused) {
    oauth_under_test test;
    test.endpoint.instead = [](const recorded_request&) {
        return answer_of(401, R"({"error":"invalid_client"})");
    };
    EXPECT_THAT(test.make()->get(in()).why,
                AllOf(HasSubstr("look at client_id and client_secret"), Not(HasSubstr("refresh token"))));
    test.endpoint.instead = [](const recorded_request&) {
        return answer_of(400, R"({"error":"invalid_grant"})");
    };
    test.configured.client_secret = secret{"another"}; // else it isn't asked again
    test.clock.advance(minutes{1});
    EXPECT_THAT(test.make()->get(in()).why,
                HasSubstr("the refresh token is not valid any more; log in again"));
}

TEST(OauthEndpoint, HasItsOwnWaitWhereTheOneThatIsAskedForHasPassed) {
    for (const int status : {429, 503}) {
        oauth_under_test test;
        test.endpoint.instead = [&](const recorded_request&) {
            return answer_of(status, "", "Retry-After: 0\r\n");
        };
        EXPECT_GE(test.make()->get(in()).until, test.clock.now() + minutes{1}) << status;
    }
}

/// Who ends the process looks.
TEST(OauthEndpoint, TellsThatItIsAsked) {
    oauth_under_test test;
    std::atomic<bool> was_renewing = false;
    const auto tokens = test.make();
    test.endpoint.instead = [&](const recorded_request& request) {
        was_renewing = tokens->is_renewing();
        return test.endpoint.rotate(request);
    };
    EXPECT_FALSE(tokens->is_renewing());
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_TRUE(was_renewing);
    EXPECT_FALSE(tokens->is_renewing());
}

TEST(OauthEndpoint, GoesOnOnceWhateverStoodInTheWayIsGone) {
    oauth_under_test test;
    test.endpoint.instead = [](const recorded_request&) {
        return answer_of(400, "<html>Request blocked</html>", {}, "text/html");
    };
    const auto tokens = test.make();
    const token_reply blocked = tokens->get(in());
    EXPECT_THAT(blocked.why, AllOf(HasSubstr("a web page instead of JSON"), HasSubstr("look at token_url")));
    EXPECT_EQ(tokens->get(in()).what, kind::later);
    EXPECT_EQ(test.endpoint.server.requests().size(), 1U) << "not asked for each request";
    test.endpoint.behave();
    test.clock.advance(blocked.until - test.clock.now());
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
}

TEST(OauthEndpoint, ShowsNoTokenWhateverTheEndpointRepeats) {
    const std::string filler(240, 'x'); // so that what is shown is cut in the middle of the token
    for (const int status : {400, 401, 403, 429, 500})
        for (const std::string& start : {std::string{}, filler}) {
            oauth_under_test test;
            test.endpoint.instead = [&](const recorded_request& request) {
                return answer_of(status, R"({"error":")" + start + request.body + R"("})");
            };
            const token_reply reply = test.make()->get(in());
            EXPECT_THAT(reply.why, Not(HasSubstr("planted"))) << status;
            EXPECT_THAT(reply.why, Not(HasSubstr("client-secret"))) << status;
            EXPECT_THAT(test.file.read().record.refusal, Not(HasSubstr("planted")));
        }
}

} // namespace
} // namespace outreachd::handlers::outreach
