#include "handlers/outreach/code_flow.hpp"
#include "handlers/outreach/oauth_grant.hpp"
#include "tests/unit/outreach_client/outreach_under_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(CodeFlow, SendsTheBrowserToOutreach) {
    const settings::oauth_access access = oauth_at("https://api.outreach.io");
    const begun_login login = begin_login(access, "http://127.0.0.1:8123/callback");
    EXPECT_THAT(login.url,
                StartsWith("https://api.outreach.io/oauth/authorize?client_id=the%20client&redirect_uri="
                           "http%3A%2F%2F127.0.0.1%3A8123%2Fcallback&response_type=code&"
                           "scope=tasks.read%20prospects.all&state="));
    EXPECT_THAT(login.url, HasSubstr("&code_challenge_method=S256"));
    EXPECT_EQ(login.verifier.reveal().size(), 43U);
    EXPECT_THAT(login.url,
                AllOf(Not(HasSubstr("planted")), Not(HasSubstr(std::string{login.verifier.reveal()}))));
    const begun_login another = begin_login(access, "http://127.0.0.1:8123/callback");
    EXPECT_NE(login.state, another.state);
    EXPECT_NE(login.verifier, another.verifier);
}

TEST(CodeFlow, TakesTheCodeOfItsOwnLoginAlone) {
    const begun_login login{.url = {}, .redirect_uri = {}, .state = "s1", .verifier = {}};
    const auto read = [&](const char* target) { return read_redirect(login, target); };
    EXPECT_EQ(read("/callback?code=a%2Fb+c&state=s1").code.reveal(), "a/b c");
    EXPECT_EQ(read("/callback?x=1&state=s1&code=c#code=d").code.reveal(), "c");

    struct {
        const char* target;
        const char* said;
    } const refused[] = {
        {"/callback?code=c", "another login"},
        {"/callback?code=c&state=s2", "another login"},
        {"/callback?code=c&state=", "another login"},
        {"/callback", "another login"},
        {"/callback?state=s1", "without a code"},
        {"/callback?state=s1&code=", "without a code"},
        {"/callback?state=s1&code", "without a code"},
        {"/callback?state=s1&error=access_denied&error_description=No%1B%5B31m",
         "refused the login: access_denied: No [31m"},
        {"?&&=&%", "another login"},
    };

    for (const auto& each : refused) {
        EXPECT_THAT(read(each.target).problem, HasSubstr(each.said)) << each.target;
        EXPECT_TRUE(read(each.target).code.empty());
    }
}

TEST(CodeFlow, ExchangesTheCode) {
    scripted_server server{[](const recorded_request&) { return grant_of("access-1", "refresh-1", 60); }};
    http_transport transport{{}};
    const settings::oauth_access access = oauth_at(origin_of(server));
    const grant_reply reply = exchange_code(
        transport, access, {secret{"the+code"}, secret{"the-verifier"}, "http://127.0.0.1:1/"}, in());
    ASSERT_EQ(reply.what, grant_reply::kind::granted) << reply.why;
    EXPECT_EQ(reply.given.refresh_token.reveal(), "refresh-1");
    EXPECT_EQ(reply.given.life, seconds{60});
    EXPECT_EQ(server.requests()[0].body,
              "grant_type=authorization_code&client_id=the%20client&client_secret=client-secret-planted&"
              "redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F&code=the%2Bcode&code_verifier=the-verifier");
}

TEST(CodeFlow, SaysWhyACodeIsRefused) {
    scripted_server server{[](const recorded_request& request) {
        return answer_of(400, R"({"error":"invalid_grant","error_description":")" + request.body + R"("})");
    }};
    http_transport transport{{}};
    const grant_reply reply = exchange_code(transport, oauth_at(origin_of(server)),
                                            {secret{"code-planted"}, secret{"verifier-planted"}, ""}, in());
    EXPECT_EQ(reply.what, grant_reply::kind::refused);
    EXPECT_THAT(reply.why, AllOf(HasSubstr("invalid_grant"), Not(HasSubstr("planted"))));
}

} // namespace
} // namespace outreachd::handlers::outreach
