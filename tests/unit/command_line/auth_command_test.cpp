/// `outreachd auth status` and `outreachd auth install` against a simulated Outreach.
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/commanded_sandbox.hpp"
#include "tests/unit/outreach_client/test_keys.hpp"
#include "tests/unit/sandbox/http_client.hpp"

#include <boost/json/parse.hpp>

namespace outreachd::command_line {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

TEST(AuthStatus, SaysWhoWeAreAndWhatIsLeft) {
    const commanded_sandbox with;
    const command_result result = with.run({"auth", "status"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, testing::StartsWith("Outreach can be used\n"));
    EXPECT_THAT(result.out, HasSubstr("org.name"));
    EXPECT_THAT(result.out, HasSubstr(" of 10000 requests left"));

    const json::value whole = json::parse(with.run({"auth", "status", "--json"}).out);
    EXPECT_EQ(whole.at("type").as_string(), "token");
    EXPECT_TRUE(whole.at("usable").as_bool());
    EXPECT_FALSE(whole.at("login_needed").as_bool());
    EXPECT_TRUE(whole.at("reason").is_null());
    EXPECT_EQ(whole.at("who").at("app.name").as_string(), "Sandbox");
    EXPECT_EQ(whole.at("limit").at("limit").to_number<int>(), 10'000);
}

TEST(AuthStatus, SaysThatALoginIsNeededAndWhy) {
    commanded_sandbox with;
    with.use_oauth();
    const command_result without = with.run({"auth", "status"});
    EXPECT_EQ(without.exit_code, 1);
    EXPECT_THAT(without.out, HasSubstr("A LOGIN IS NEEDED"));
    EXPECT_THAT(without.out, HasSubstr("outreachd auth login"));

    with.use_oauth(std::string{", refresh_token: "} + planted_refresh_token);
    const json::value refused = json::parse(with.run({"auth", "status", "--json"}).out);
    EXPECT_TRUE(refused.at("login_needed").as_bool());
    EXPECT_FALSE(refused.at("usable").as_bool());
    EXPECT_THAT(std::string{refused.at("reason").as_string()}, HasSubstr("refresh token is not valid"));

    with.use_auth("{type: token, token: not-the-one}");
    EXPECT_EQ(with.run({"auth", "status"}).exit_code, 1);
}

/// As systemd's pages have it: what the service has isn't there for who types a command.
TEST(AuthStatus, SaysHowACommandGetsASecretThatOnlyTheServiceHas) {
    commanded_sandbox with;
    for (const char* const secret : {"{env: OUTREACHD_TEST_NOT_SET}", "{credential: client_secret}"}) {
        with.use_auth(std::string{"{type: oauth, client_id: any, client_secret: "} + secret + "}");
        const command_result result = with.run({"auth", "status"});
        EXPECT_EQ(result.exit_code, 78) << secret;
        EXPECT_THAT(result.err, HasSubstr("not set")) << secret;
        EXPECT_THAT(result.err,
                    testing::EndsWith("\noutreachd: what only the service has, systemd-run gives to a "
                                      "command, too: `man outreachd`, ENVIRONMENT\n"))
            << secret;
    }
}

TEST(AuthStatus, ShowsForHowLongALoginIsGood) {
    sandbox::options configured = commanded_sandbox::quick();
    configured.refresh_token = planted_refresh_token;
    commanded_sandbox with{configured};
    with.use_oauth(std::string{", refresh_token: "} + planted_refresh_token);
    const command_result text = with.run({"auth", "status"});
    EXPECT_EQ(text.exit_code, 0) << text.out;
    EXPECT_THAT(text.out, HasSubstr("token       ends in 1 h 59 min, obtained "));
    const json::value whole = json::parse(with.run({"auth", "status", "--json"}).out);
    EXPECT_TRUE(whole.at("expires_at").is_string());
    EXPECT_FALSE(whole.at("scopes").as_array().empty());
}

TEST(AuthStatus, TellsNoAnswerFromNoLogin) {
    commanded_sandbox with;
    with.use_auth(std::string{"{type: token, token: "} + planted_token + "}",
                  "http://127.0.0.1:" + std::to_string(test_servers::unused_port()) + "/api/v2");
    const command_result result = with.run({"auth", "status"});
    EXPECT_EQ(result.exit_code, 69);
    EXPECT_THAT(result.out, HasSubstr("OUTREACH CAN'T BE USED NOW"));
}

TEST(AuthStatus, NeverShowsATokenThatOutreachRepeats) {
    test_servers::scripted_server server{[](const test_servers::recorded_request&) {
        return test_servers::http_ok(std::string{R"({"meta":{"me":")"} + planted_token +
                                     R"(","refreshToken":"other-credential","org":{"name":"Contoso"}}})");
    }};
    commanded_sandbox with;
    with.use_auth(std::string{"{type: token, token: "} + planted_token + "}",
                  "http://127.0.0.1:" + std::to_string(server.port()) + "/api/v2");
    for (const std::vector<std::string>& asked :
         {std::vector<std::string>{"auth", "status"}, {"auth", "status", "--json"}}) {
        const command_result result = with.run(asked);
        EXPECT_THAT(result.out, HasSubstr("Contoso"));
        EXPECT_THAT(result.out, testing::Not(HasSubstr("other-credential")));
    }
}

struct s2s_setup {
    s2s_setup() {
        using namespace handlers::outreach::test;
        const std::string key = with.scratch.file("app.pem", pem_of(rsa_key()));
        auth = "{type: s2s, guid: 5e0c3a52-61c7-4d0f-9a34-88b1f2d7c410, private_key: " + key;
        with.use_auth(auth + "}");
        const auto made = json::parse(sandbox::send_http(with.subject.port(), "POST", "/sandbox/installs",
                                                         "{}", {{"Content-Type", "application/json"}})
                                          .body);
        id = std::string{made.at("id").as_string()};
        token = std::string{made.at("setup_token").as_string()};
    }

    commanded_sandbox with;
    std::string auth;
    std::string id;
    std::string token;
};

TEST(AuthInstall, RemembersTheInstall) {
    s2s_setup set;
    EXPECT_EQ(set.with.run({"auth", "status"}).exit_code, 1) << "no install is known yet";
    const command_result result = set.with.run({"auth", "install", set.token});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, testing::StartsWith("install " + set.id + "\n"));
    EXPECT_THAT(result.out + result.err, testing::Not(HasSubstr(set.token)));
    EXPECT_EQ(set.with.run({"auth", "status"}).exit_code, 0);
    EXPECT_EQ(set.with.run({"api", "GET", "/prospects"}).exit_code, 0);
}

TEST(AuthInstall, ReadsTheTokenFromTheInput) {
    const s2s_setup set;
    const typed_input typed{set.token + "\n"};
    EXPECT_EQ(set.with.run({"auth", "install", "-"}, &typed).exit_code, 0);
}

TEST(AuthInstall, SaysWhatOutreachRefuses) {
    s2s_setup set;
    const command_result refused = set.with.run({"auth", "install", "made-up-token"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.err, HasSubstr("a set-up token is good for 15 minutes"));
    EXPECT_EQ(set.with.run({"auth", "install", "-"}).exit_code, 64);
    set.with.use_oauth();
    EXPECT_EQ(set.with.run({"auth", "install", set.token}).exit_code, 78);
}

TEST(AuthInstall, EndsAs69WhereNobodyAnswers) {
    s2s_setup set;
    set.with.use_auth(set.auth + "}",
                      "http://127.0.0.1:" + std::to_string(test_servers::unused_port()) + "/api/v2");
    const command_result result = set.with.run({"auth", "install", set.token});
    EXPECT_EQ(result.exit_code, 69);
    EXPECT_THAT(result.err, HasSubstr("Outreach can't be asked"));
}

TEST(AuthInstall, WarnsWhereTheConfigurationNamesAnother) {
    s2s_setup set;
    set.with.use_auth(set.auth + ", install: 0d7e4f64-6f0d-4a1b-9e5a-3f2d1c0b9a28}");
    const command_result result = set.with.run({"auth", "install", set.token});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.err, HasSubstr("outreach.auth.install names another one"));
}

} // namespace
} // namespace outreachd::command_line
