/// `outreachd auth login`, with a browser that is played by the test.
#include "daemon/command_line/login_command.hpp"
#include "tests/servers/scripted_server.hpp"
#include "tests/unit/command_line/commanded_sandbox.hpp"
#include "tests/unit/command_line/watched_output.hpp"
#include "tests/unit/sandbox/http_client.hpp"

#include <csignal>
#include <fstream>
#include <thread>

#include <sys/stat.h>

namespace outreachd::command_line {
namespace {

using testing::HasSubstr;
using testing::Not;

std::uint16_t port_of(const std::string& url) {
    const std::size_t colon = url.find(':', url.find("://") + 3);
    return static_cast<std::uint16_t>(std::stoi(url.substr(colon + 1)));
}

std::string target_of(const std::string& url) {
    return url.substr(url.find('/', url.find("://") + 3));
}

sandbox::http_answer visit(const std::string& url) {
    return sandbox::send_http(port_of(url), "GET", target_of(url));
}

/// A login that goes on in a thread of its own.
class running_login {
public:
    explicit running_login(const commanded_sandbox& with, bool is_interactive = false,
                           std::chrono::milliseconds timeout = std::chrono::minutes{1})
        : thread_([this, config = with.config, is_interactive, timeout] {
              std::ostream out{&out_};
              std::ostream err{&err_};
              code_ = log_in(config, {.opens_browser = false, .timeout = timeout},
                             {.out = out,
                              .err = err,
                              .is_terminal = is_interactive,
                              .in = typed.descriptor(),
                              .is_interactive = is_interactive});
          }) {}

    ~running_login() {
        if (thread_.joinable())
            thread_.join();
    }

    running_login(const running_login&) = delete;
    running_login& operator=(const running_login&) = delete;

    /// What it tells the user to open.
    std::string url() const {
        EXPECT_TRUE(out_.has_come("\n")) << err_.text();
        return out_.text().substr(0, out_.text().find('\n'));
    }

    /// Where the consent leads the browser.
    std::string consent() const { return visit(url()).headers.at("location"); }

    /// The exit code.
    int end() {
        thread_.join();
        for (const std::string& text : {out(), err()})
            for (const char* const planted : {planted_token, planted_client_secret, planted_refresh_token})
                EXPECT_THAT(text, Not(HasSubstr(planted)));
        return code_;
    }

    bool has_said(const std::string& what) const { return err_.has_come(what); }

    std::string out() const { return out_.text(); }

    std::string err() const { return err_.text(); }

    typed_input typed; // before the thread, which reads it

private:
    watched_output out_;
    watched_output err_;
    int code_ = -1;
    std::thread thread_;
};

std::string token_file_of(const commanded_sandbox& with) {
    std::ifstream file{with.scratch.at("store/outreach-tokens.json")};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::string member(const std::string& json, const std::string& name) {
    const std::size_t start = json.find("\"" + name + "\":\"");
    if (start == std::string::npos)
        return {};
    const std::size_t from = start + name.size() + 4;
    return json.substr(from, json.find('"', from) - from);
}

TEST(Login, KeepsWhatTheBrowserBrings) {
    commanded_sandbox with;
    with.use_oauth();
    running_login login{with};
    const std::string back = login.consent();
    EXPECT_THAT(login.url(), HasSubstr("scope=prospects.read%20tasks.all"));
    EXPECT_THAT(login.url(), HasSubstr("&code_challenge_method=S256"));
    const auto page = visit(back);
    EXPECT_EQ(page.status, 200U);
    EXPECT_THAT(page.body, HasSubstr("You can close this page"));
    EXPECT_EQ(login.end(), 0) << login.err();
    EXPECT_THAT(login.out(), HasSubstr("logged in\n"));
    EXPECT_THAT(login.out(), HasSubstr("prospects.read"));
    EXPECT_THAT(login.out(), HasSubstr(with.scratch.at("store/outreach-tokens.json")));

    const std::string kept = token_file_of(with);
    const std::string access = member(kept, "access_token");
    ASSERT_FALSE(access.empty()) << "the test reads another file than there is";
    EXPECT_THAT(login.out() + login.err(), Not(HasSubstr(access)));
    EXPECT_THAT(login.out() + login.err(), Not(HasSubstr(member(kept, "refresh_token"))));

    struct stat what {};

    ASSERT_EQ(::stat(with.scratch.at("store/outreach-tokens.json").c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777U, 0600U);
    EXPECT_EQ(with.run({"auth", "status"}).exit_code, 0);
    EXPECT_EQ(with.run({"api", "GET", "/prospects"}).exit_code, 0);
    EXPECT_EQ(with.run({"api", "GET", "/accounts"}).exit_code, 1) << "the scope wasn't asked for";
}

TEST(Login, WaitsOnWhenSomebodyElseComes) {
    commanded_sandbox with;
    with.use_oauth();
    running_login login{with};
    const std::string back = login.consent();
    const std::string origin = back.substr(0, back.find("/callback"));
    const auto stranger = visit(origin + "/callback?code=stolen&state=guessed");
    EXPECT_EQ(stranger.status, 400U);
    EXPECT_THAT(stranger.body, HasSubstr("isn't the login that outreachd waits for"));
    EXPECT_THAT(stranger.body, Not(HasSubstr("guessed")));
    EXPECT_EQ(visit(origin + "/callback").status, 400U);
    EXPECT_EQ(visit(origin + "/favicon.ico").status, 404U);
    const auto posted = sandbox::send_http(port_of(back), "POST", target_of(back), "x");
    EXPECT_EQ(posted.status, 405U);
    EXPECT_EQ(visit(back).status, 200U);
    EXPECT_EQ(login.end(), 0) << login.err();
}

TEST(Login, SaysThatItWasRefused) {
    commanded_sandbox with;
    with.use_oauth();
    running_login login{with};
    const std::string back = login.consent();
    const std::string state = back.substr(back.find("state="));
    const auto page = visit(back.substr(0, back.find('?')) +
                            "?error=access_denied&error_description=The+user+%3Cb%3Edeclined&" + state);
    EXPECT_EQ(page.status, 400U);
    EXPECT_THAT(page.body, HasSubstr("refused"));
    EXPECT_THAT(page.body, Not(HasSubstr("declined"))) << "nothing from outside is in the page";
    EXPECT_EQ(login.end(), 1);
    EXPECT_THAT(login.err(), HasSubstr("access_denied: The user <b>declined"));
    EXPECT_EQ(token_file_of(with), "");
}

TEST(Login, EndsWhereNobodyComes) {
    commanded_sandbox with;
    with.use_oauth();
    running_login login{with, false, std::chrono::milliseconds{50}};
    EXPECT_EQ(login.end(), 1);
    EXPECT_THAT(login.err(), HasSubstr("the browser didn't come back within 1 s"));
}

TEST(Login, TakesThePastedUrlWhereTheBrowserCannotComeBack) {
    commanded_sandbox with;
    with.use_oauth(", redirect_uri: https://app.example.com/callback");
    running_login login{with};
    const std::string back = login.consent();
    EXPECT_THAT(back, testing::StartsWith("https://app.example.com/callback?code="));
    login.typed.type("https://app.example.com/callback?code=x&state=of-another\n");
    EXPECT_TRUE(login.has_said("another login"));
    login.typed.type(back + "\r\n");
    EXPECT_EQ(login.end(), 0) << login.err();
}

TEST(Login, TakesAPastedUrlAlsoWhereItListens) {
    commanded_sandbox with;
    with.use_oauth();
    running_login login{with, true};
    login.typed.type("\nnot it\n" + login.consent() + "\n");
    EXPECT_EQ(login.end(), 0) << login.err();
}

TEST(Login, ListensWhereTheConfigurationSays) {
    commanded_sandbox with;
    const std::uint16_t port = test_servers::unused_port();
    with.use_oauth(", redirect_uri: \"http://localhost:" + std::to_string(port) + "/auth/back\"");
    running_login login{with};
    const std::string back = login.consent();
    EXPECT_THAT(back, testing::StartsWith("http://localhost:" + std::to_string(port) + "/auth/back?code="));
    EXPECT_EQ(visit(back).status, 200U);
    EXPECT_EQ(login.end(), 0) << login.err();
}

TEST(Login, SaysWhatTheTokenEndpointRefuses) {
    commanded_sandbox with;
    with.use_oauth();
    running_login login{with};
    const std::string back = login.consent();
    const std::string state = back.substr(back.find("state="));
    visit(back.substr(0, back.find('?')) + "?code=made-up&" + state);
    EXPECT_EQ(login.end(), 1);
    EXPECT_THAT(login.err(), HasSubstr("the token endpoint "));
    EXPECT_EQ(token_file_of(with), "");
}

/// The code is for one time: that it was used isn't "nothing has changed", whoever interrupts meanwhile.
TEST(Login, SaysThatItIsToBeDoneAgainWhereItIsInterruptedAtTheTokenEndpoint) {
    for (const bool breaks_off : {false, true}) {
        commanded_sandbox with;
        test_servers::scripted_server tokens{[&](const test_servers::recorded_request&) {
            ::kill(::getpid(), SIGINT);
            return breaks_off
                       ? test_servers::scripted_answer{.bytes =
                                                           "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
                                                       .is_last = true}
                       : test_servers::http_status(400, R"({"error":"invalid_grant"})");
        }};
        with.use_oauth(", token_url: \"http://127.0.0.1:" + std::to_string(tokens.port()) + "/token\"");
        running_login login{with};
        EXPECT_EQ(visit(login.consent()).status, 200U);
        EXPECT_EQ(login.end(), 130) << breaks_off;
        EXPECT_THAT(login.err(), HasSubstr("outreachd: the token endpoint ")) << breaks_off;
        EXPECT_THAT(login.err(), HasSubstr("; log in again\n")) << breaks_off;
        EXPECT_THAT(login.err(), Not(HasSubstr("nothing has changed"))) << breaks_off;
    }
}

TEST(Login, IsForOauthWithScopesAlone) {
    commanded_sandbox with;
    EXPECT_EQ(with.run({"auth", "login"}).exit_code, 78);
    with.use_auth("{type: oauth, client_id: sandbox-client, client_secret: x}");
    const command_result result = with.run({"auth", "login"});
    EXPECT_EQ(result.exit_code, 78);
    EXPECT_THAT(result.err, HasSubstr("outreach.auth.scopes is missing"));
}

TEST(Login, BeginsNothingThatItCouldNotKeep) {
    commanded_sandbox with;
    with.use_oauth();
    with.scratch.file("store", "in the way of the directory");
    const command_result result = with.run({"auth", "login"});
    EXPECT_EQ(result.exit_code, 69);
    EXPECT_THAT(result.err, HasSubstr("run this as the daemon's user"));
    EXPECT_EQ(result.out, "");
}

} // namespace
} // namespace outreachd::command_line
