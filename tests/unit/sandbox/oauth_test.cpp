/// Contract 7.1 to 7.15: who is let in, for how long, and to what.
#include "daemon/sandbox/proofs.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>

namespace outreachd::sandbox {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string client = "client_id=sandbox-client&client_secret=sandbox-secret&";
const std::string callback = "redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback";

http_answer authorize(running_sandbox& sandbox, const std::string& rest = "&scope=tasks.read") {
    return sandbox.raw("GET",
                       "/oauth/authorize?response_type=code&client_id=sandbox-client&" + callback + rest);
}

std::string code_of(const http_answer& redirect) {
    const std::string to = redirect.headers.at("location");
    const std::size_t at = to.find("code=") + 5;
    return to.substr(at, to.find('&', at) - at);
}

json_reply ask_token(running_sandbox& sandbox, const std::string& form) {
    return running_sandbox::to_json(sandbox.raw("POST", "/oauth/token", client + form,
                                                {{"Content-Type", "application/x-www-form-urlencoded"}}));
}

json_reply refresh(running_sandbox& sandbox, const std::string& token) {
    return ask_token(sandbox, "grant_type=refresh_token&refresh_token=" + token);
}

TEST(OAuth, AuthorizeRedirectsWithCodeAndState) { // 7.1, 7.2
    running_sandbox sandbox;
    const auto redirect = authorize(sandbox, "&scope=tasks.read&state=a%20b");
    EXPECT_EQ(redirect.status, 302U);
    EXPECT_THAT(redirect.headers.at("location"), StartsWith("http://127.0.0.1:9/callback?code="));
    EXPECT_THAT(redirect.headers.at("location"), HasSubstr("&state=a%20b"));
}

TEST(OAuth, AuthorizeRefusesWhatItDoesNotKnow) { // 7.1
    running_sandbox sandbox;
    EXPECT_EQ(
        sandbox.raw("GET", "/oauth/authorize?response_type=code&client_id=other&scope=a.read&" + callback)
            .status,
        400U);
    EXPECT_EQ(sandbox.raw("GET", "/oauth/authorize?response_type=code&client_id=sandbox-client&scope=a.read")
                  .status,
              400U);
    for (const char* const scope :
         {"", "&scope=", "&scope=tasks.frobnicate", "&scope=nothing.read", "&scope=tasks"})
        EXPECT_THAT(authorize(sandbox, scope).headers.at("location"), HasSubstr("error=invalid_scope"))
            << scope;
}

TEST(OAuth, AuthorizeAsksSomebodyWhereToldTo) {
    options configured = quick_options();
    configured.auto_approve = false;
    running_sandbox sandbox{configured};
    const auto page = authorize(sandbox);
    EXPECT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr("<button name=consent"));
    EXPECT_EQ(authorize(sandbox, "&scope=tasks.read&consent=yes").status, 302U);
}

TEST(OAuth, CodeIsExchangedOnce) { // 7.3, 7.4
    running_sandbox sandbox;
    const std::string form =
        "grant_type=authorization_code&" + callback + "&code=" + code_of(authorize(sandbox));
    const json_reply granted = ask_token(sandbox, form);
    ASSERT_EQ(granted.status, 200U);
    EXPECT_EQ(granted.text("/token_type"), "Bearer");
    EXPECT_EQ(granted.number("/expires_in"), 7200);
    EXPECT_EQ(granted.text("/scope"), "tasks.read");
    EXPECT_GT(granted.number("/created_at"), 1'700'000'000);
    EXPECT_FALSE(granted.text("/refresh_token").empty());
    sandbox.token = granted.text("/access_token");
    EXPECT_EQ(sandbox.get("tasks").status, 200U);
    EXPECT_EQ(ask_token(sandbox, form).status, 400U);
}

TEST(OAuth, CodeGoesWithItsRedirectAndItsSecret) { // 7.3
    running_sandbox sandbox;
    const std::string code = code_of(authorize(sandbox));
    EXPECT_EQ(
        ask_token(sandbox, "grant_type=authorization_code&redirect_uri=http%3A%2F%2Felsewhere&code=" + code)
            .text("/error"),
        "invalid_grant");
    const auto refused =
        sandbox.raw("POST", "/oauth/token",
                    "client_id=sandbox-client&client_secret=wrong&grant_type=authorization_code&" + callback +
                        "&code=" + code,
                    {{"Content-Type", "application/x-www-form-urlencoded"}});
    EXPECT_EQ(refused.status, 401U);
}

TEST(OAuth, CodeWithAChallengeNeedsItsVerifier) {
    running_sandbox sandbox;
    const std::string challenge =
        "&scope=tasks.read&code_challenge_method=S256&code_challenge=" + code_challenge("a-verifier");
    const std::string form =
        "grant_type=authorization_code&" + callback + "&code=" + code_of(authorize(sandbox, challenge));
    EXPECT_EQ(ask_token(sandbox, form).status, 400U);
    EXPECT_EQ(ask_token(sandbox, form + "&code_verifier=another").status, 400U);
    EXPECT_EQ(ask_token(sandbox, form + "&code_verifier=a-verifier").status, 200U);
}

TEST(OAuth, TokenEndpointTakesFormsOnly) { // 7.3
    running_sandbox sandbox;
    EXPECT_EQ(sandbox.raw("POST", "/oauth/token", "{}", {{"Content-Type", "application/json"}}).status, 400U);
}

TEST(OAuth, RefreshRotates) { // 7.5, 7.8
    running_sandbox sandbox;
    const json_reply first = refresh(sandbox, known_refresh_token);
    ASSERT_EQ(first.status, 200U);
    const json_reply old = refresh(sandbox, known_refresh_token);
    EXPECT_EQ(old.status, 400U); // 7.10
    EXPECT_EQ(old.text("/error"), "invalid_grant");
    EXPECT_EQ(refresh(sandbox, first.text("/refresh_token")).status, 200U);
}

TEST(OAuth, OldRefreshTokenMayLiveOn) { // 7.8
    options configured = quick_options();
    configured.keeps_old_refresh_tokens = true;
    running_sandbox sandbox{configured};
    EXPECT_EQ(refresh(sandbox, known_refresh_token).status, 200U);
    EXPECT_EQ(refresh(sandbox, known_refresh_token).status, 200U);
}

TEST(OAuth, OldestOfAHundredRefreshTokensGoes) { // 7.7
    options configured = quick_options();
    configured.keeps_old_refresh_tokens = true;
    running_sandbox sandbox{configured};
    const std::string second = refresh(sandbox, known_refresh_token).text("/refresh_token");
    for (std::size_t count = 2; count < tokens::refresh_tokens_max; ++count)
        ASSERT_EQ(refresh(sandbox, second).status, 200U);
    EXPECT_EQ(refresh(sandbox, known_refresh_token).status, 200U); // The hundred-and-first.
    EXPECT_EQ(refresh(sandbox, known_refresh_token).status, 400U);
    EXPECT_EQ(refresh(sandbox, second).status, 200U);
}

TEST(OAuth, RefreshTokenEnds) { // 7.6
    options configured = quick_options();
    configured.refresh_token_life = 0ms;
    running_sandbox sandbox{configured};
    EXPECT_EQ(refresh(sandbox, known_refresh_token).status, 400U);
}

TEST(OAuth, SecondGrantIsTooSoon) { // 7.9, 6.3
    options configured = quick_options();
    configured.grant_interval = 60s;
    running_sandbox sandbox{configured};
    const json_reply first = refresh(sandbox, known_refresh_token);
    ASSERT_EQ(first.status, 200U);
    const auto second =
        sandbox.raw("POST", "/oauth/token",
                    client + "grant_type=refresh_token&refresh_token=" + first.text("/refresh_token"),
                    {{"Content-Type", "application/x-www-form-urlencoded"}});
    EXPECT_EQ(second.status, 429U);
    EXPECT_THAT(second.body, StartsWith("Retry later"));
    EXPECT_THAT(second.headers.at("content-type"), StartsWith("text/plain"));
}

TEST(OAuth, GrantMayFollowOnceTheIntervalIsOver) { // 7.9
    options configured = quick_options();
    configured.grant_interval = 50ms;
    running_sandbox sandbox{configured};
    const std::string next = refresh(sandbox, known_refresh_token).text("/refresh_token");
    EXPECT_TRUE(becomes_true([&] { return refresh(sandbox, next).status == 200; }));
}

TEST(OAuth, AccessTokenExpires) { // 7.6, 7.11
    running_sandbox sandbox;
    sandbox.token = refresh(sandbox, known_refresh_token).text("/access_token");
    EXPECT_EQ(sandbox.get("tasks").status, 200U);
    EXPECT_EQ(sandbox.control("POST", "expire-tokens").status, 204U);
    EXPECT_EQ(sandbox.get("tasks").status, 401U);

    options configured = quick_options();
    configured.access_token_life = 0ms;
    running_sandbox brief{configured};
    brief.token = refresh(brief, known_refresh_token).text("/access_token");
    EXPECT_EQ(brief.get("tasks").status, 401U);
}

TEST(OAuth, RefreshTokensCanBeEnded) {
    running_sandbox sandbox;
    EXPECT_EQ(sandbox.control("POST", "expire-tokens", R"({"access":false,"refresh":true})").status, 204U);
    EXPECT_EQ(refresh(sandbox, known_refresh_token).status, 400U);
    EXPECT_EQ(sandbox.get("tasks").status, 200U);
}

TEST(OAuth, RequestWithoutATokenIsRefused) { // 7.12
    running_sandbox sandbox;
    const header_list headers{{"Content-Type", "application/vnd.api+json"}};
    EXPECT_EQ(sandbox.raw("GET", "/api/v2/tasks", {}, headers).status, 401U);
    sandbox.token = "unknown";
    EXPECT_EQ(sandbox.get("tasks").status, 401U);
}

TEST(Scopes, AreNotAdditive) { // 7.14, 7.15
    options configured = quick_options();
    configured.scopes = "tasks.write prospects.all accounts.read";
    running_sandbox sandbox{configured};
    const json_reply refused = sandbox.get("tasks");
    EXPECT_EQ(refused.status, 403U);
    EXPECT_EQ(refused.text("/errors/0/id"), "unauthorizedOauthScope");
    const std::int64_t task = sandbox.make("tasks", "task", R"("action":"call")");
    EXPECT_EQ(sandbox.ask("DELETE", "tasks/" + std::to_string(task)).status, 403U);
    EXPECT_EQ(sandbox.post("tasks/" + std::to_string(task) + "/actions/markComplete").status, 200U);

    const std::int64_t prospect = sandbox.make("prospects", "prospect", R"("firstName":"Ada")");
    EXPECT_EQ(sandbox.get("prospects").status, 200U);
    EXPECT_EQ(sandbox.ask("DELETE", "prospects/" + std::to_string(prospect)).status, 204U);

    EXPECT_EQ(sandbox.get("accounts").status, 200U);
    EXPECT_EQ(sandbox.post("accounts", R"({"data":{"type":"account","attributes":{"name":"A"}}})").status,
              403U);
    EXPECT_EQ(sandbox.get("mailings").status, 403U);
}

TEST(WhoAmI, TellsAppUserAndScopes) { // 6.32
    running_sandbox sandbox;
    const json_reply told = sandbox.get("/api/v2");
    EXPECT_EQ(told.text("/meta/app/id"), "sandbox-client");
    EXPECT_EQ(told.number("/meta/user/id"), 1);
    EXPECT_THAT(told.text("/meta/token/scope"), HasSubstr("tasks.all"));
}

} // namespace
} // namespace outreachd::sandbox
