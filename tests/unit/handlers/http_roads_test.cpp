/// How the `http` handler reaches a server: TLS, proxies, allowed hosts.
#include "tests/unit/handlers/http_under_test.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace outreachd::handlers {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

scripted_answer answer_ok(const recorded_request&) {
    return http_ok();
}

/// A server with a certificate of its own.
struct tls_server {
    explicit tls_server(const std::string& names, scripted_server::script script = answer_ok)
        : pair(make_certificate(names)), server(std::move(script), pair) {
        std::signal(SIGPIPE, SIG_IGN); // as the daemon does
    }

    outcome deliver(const std::string& host, const std::string& trusted) const {
        settings::http_handler configured = http_to(url_of(server, "/in", "https", host));
        configured.ca = trusted;
        return make_http(configured)->handle(attempt_at());
    }

    certificate_pair pair;
    scripted_server server;
};

TEST(HttpRoads, TrustsTheConfiguredCa) {
    const tls_server its{"IP:127.0.0.1"};
    const outcome said = its.deliver("127.0.0.1", its.pair.certificate);
    EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
}

TEST(HttpRoads, TrustsNobodyElse) {
    const tls_server its{"IP:127.0.0.1"};
    const tls_server other{"IP:127.0.0.1"};
    for (const std::string& trusted : {std::string{}, other.pair.certificate}) {
        const outcome said = its.deliver("127.0.0.1", trusted);
        EXPECT_EQ(said.verdict, outcome::kind::retry);
        EXPECT_THAT(said.reason, AllOf(HasSubstr("certificate"), HasSubstr("give it as 'ca'")));
    }
    EXPECT_THAT(its.server.requests(), IsEmpty());
}

TEST(HttpRoads, TrustsNoCertificateOfAnotherName) {
    const tls_server its{"DNS:crm.example.com"};
    const outcome said = its.deliver("127.0.0.1", its.pair.certificate);
    EXPECT_EQ(said.verdict, outcome::kind::retry);
    EXPECT_THAT(its.server.requests(), IsEmpty());
}

TEST(HttpRoads, KeepsAnEncryptedConnectionAndReplacesAClosedOne) {
    const tls_server kept{"IP:127.0.0.1"};
    const tls_server closing{"IP:127.0.0.1", [](const recorded_request&) {
                                 scripted_answer answer = http_ok();
                                 answer.is_last = true;
                                 return answer;
                             }};
    for (const tls_server* its : {&kept, &closing}) {
        settings::http_handler configured = http_to(url_of(its->server, "/in", "https"));
        configured.ca = its->pair.certificate;
        const auto handler = make_http(configured);
        for (std::size_t i = 1; i <= 4; ++i) {
            const outcome said = handler->handle(attempt_at());
            EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
            if (its == &closing)
                its->server.wait_until_closed(i);
        }
        EXPECT_EQ(its->server.connections(), its == &kept ? 1U : 4U);
    }
}

TEST(HttpRoads, NeverTalksTlsToAServerThatHasNone) {
    scripted_server server{answer_ok};
    const outcome said = make_http(http_to(url_of(server, "/in", "https")))
                             ->handle(attempt_at(task_body, "", std::chrono::milliseconds{500}));
    EXPECT_EQ(said.verdict, outcome::kind::retry);
    EXPECT_THAT(server.requests(), IsEmpty());
}

/// Variables of the environment, gone with the test.
class environment {
public:
    environment(std::initializer_list<std::pair<const char*, std::string>> variables) {
        for (const auto& [name, value] : variables) {
            ::setenv(name, value.c_str(), 1);
            names_.emplace_back(name);
        }
    }

    ~environment() {
        for (const std::string& name : names_)
            ::unsetenv(name.c_str());
    }

    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;

private:
    std::vector<std::string> names_;
};

TEST(HttpRoads, TakesNoServerForAProxyForItsName) {
    const outcome said = make_http(http_to("http://api-proxy.localhost:1/in"))->handle(attempt_at());
    EXPECT_EQ(said.verdict, outcome::kind::retry);
    EXPECT_THAT(said.reason, AllOf(HasSubstr("Couldn't connect"), Not(HasSubstr("the proxy's URL"))));
}

TEST(HttpRoads, TakesTheConfiguredProxy) {
    scripted_server proxy{answer_ok};
    // It is meant for every host, whatever the environment says.
    const environment set{{"no_proxy", "*"}, {"http_proxy", "http://127.0.0.1:1"}};
    settings::http_handler configured = http_to("http://crm.invalid/in?q=1");
    configured.proxy = "http://me:word@127.0.0.1:" + std::to_string(proxy.port());
    const outcome said = make_http(configured)->handle(attempt_at());
    EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
    ASSERT_EQ(proxy.requests().size(), 1U);
    EXPECT_EQ(proxy.requests()[0].line, "POST http://crm.invalid/in?q=1 HTTP/1.1");
    EXPECT_EQ(proxy.requests()[0].headers.at("proxy-authorization"), "Basic bWU6d29yZA==");
    EXPECT_EQ(proxy.requests()[0].body, task_body);
}

TEST(HttpRoads, TakesTheProxyOfTheEnvironment) {
    scripted_server proxy{answer_ok};
    scripted_server server{answer_ok};
    const std::string url = "http://127.0.0.1:" + std::to_string(proxy.port());
    {
        const environment set{{"http_proxy", url}};
        EXPECT_EQ(make_http(http_to("http://crm.invalid/in"))->handle(attempt_at()).verdict,
                  outcome::kind::done);
        EXPECT_EQ(proxy.requests().size(), 1U);
        settings::http_handler direct = http_to(url_of(server));
        direct.proxy = "";
        EXPECT_EQ(make_http(direct)->handle(attempt_at()).verdict, outcome::kind::done);
        EXPECT_EQ(server.requests().size(), 1U);
    }
    const environment set{{"http_proxy", url}, {"no_proxy", "127.0.0.1"}};
    EXPECT_EQ(make_http(http_to(url_of(server)))->handle(attempt_at()).verdict, outcome::kind::done);
    EXPECT_EQ(server.requests().size(), 2U);
    EXPECT_EQ(proxy.requests().size(), 1U);
}

TEST(HttpRoads, TellsAProxyOnlyWhereToConnect) {
    scripted_server proxy{[](const recorded_request&) {
        scripted_answer answer = http_status(403, "no");
        answer.is_last = true;
        return answer;
    }};
    settings::http_handler configured = http_to("https://crm.invalid/in?q=1");
    configured.proxy = "http://me:word@127.0.0.1:" + std::to_string(proxy.port());
    configured.headers = {{"Authorization", "Bearer hidden"}};
    const outcome said = make_http(configured)->handle(attempt_at());
    EXPECT_EQ(said.verdict, outcome::kind::retry);
    EXPECT_THAT(said.reason,
                AllOf(StartsWith("POST https://crm.invalid/in: "), HasSubstr("403"), Not(HasSubstr("word"))));
    ASSERT_EQ(proxy.requests().size(), 1U);
    EXPECT_EQ(proxy.requests()[0].line, "CONNECT crm.invalid:443 HTTP/1.1");
    EXPECT_FALSE(proxy.requests()[0].headers.contains("authorization"));
    EXPECT_THAT(proxy.requests()[0].body, IsEmpty());
}

settings::http_handler http_where(std::string url, std::vector<std::string> allowed) {
    settings::http_handler configured = http_to(std::move(url));
    configured.allow_hosts = std::move(allowed);
    return configured;
}

TEST(HttpRoads, AllowsAHostThatIsListed) {
    scripted_server server{answer_ok};
    const std::string body = R"({"host":"127.0.0.1","url":")" + url_of(server, "/a%20b?c=d") + R"("})";
    const std::string port = std::to_string(server.port());
    for (const auto& configured :
         {http_where("http://${{ .host }}:" + port + "/a%20b?c=d", {"*.example.com", "127.0.0.1"}),
          http_where("${{ .url }}", {"127.0.0.1"})}) {
        const outcome said = make_http(configured)->handle(attempt_at(body));
        EXPECT_EQ(said.verdict, outcome::kind::done) << said.reason;
    }
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0].line, "POST /a%20b?c=d HTTP/1.1");
    EXPECT_EQ(requests[1].line, "POST /a%20b?c=d HTTP/1.1");
}

std::string body_with(const std::string& key, const std::string& value) {
    return boost::json::serialize(boost::json::object{{key, value}});
}

TEST(HttpRoads, AllowsNoOther) {
    scripted_server server{answer_ok};
    const std::string here = "127.0.0.1:" + std::to_string(server.port());
    const std::vector<std::string> urls{url_of(server),
                                        "http://good.example.com@" + here + "/",
                                        "http://good.example.com%2f@" + here + "/",
                                        "http://" + here + "/good.example.com",
                                        "http://" + here + "\\@good.example.com/",
                                        "http://" + here + "#@good.example.com/",
                                        "http:///" + here + "/",
                                        "http://good.example.com.evil.invalid/",
                                        "http://evil.invalid/#good.example.com",
                                        "file:///etc/hostname",
                                        "good.example.com",
                                        "//good.example.com/",
                                        ""};
    const auto whole = make_http(http_where("${{ .url }}", {"good.example.com"}));
    for (const std::string& url : urls) {
        const outcome said = whole->handle(attempt_at(body_with("url", url)));
        EXPECT_EQ(said.verdict, outcome::kind::dead) << url << " " << said.reason;
        EXPECT_THAT(said.reason, HasSubstr("url")) << url;
    }
    const auto part =
        make_http(http_where("http://${{ .host }}.evil.invalid/", {"*.example.com", "127.0.0.1"}));
    for (const char* host : {"evil.invalid", "127.0.0.1", "127.0.0.1/", "127.0.0.1?", "127.0.0.1#",
                             "127.0.0.1\\", "127.0.0.1:80/", "a@127.0.0.1", "good.example.com",
                             "good.example.com/", "", "good.example.com%2f", "good.example.com\r\n"}) {
        const outcome said = part->handle(attempt_at(body_with("host", host)));
        EXPECT_EQ(said.verdict, outcome::kind::dead) << host << " " << said.reason;
    }
    // What `check` refuses is not allowed here either.
    EXPECT_EQ(make_http(http_where("${{ .url }}", {}))
                  ->handle(attempt_at(body_with("url", url_of(server))))
                  .verdict,
              outcome::kind::dead);
    EXPECT_THAT(server.requests(), IsEmpty());
}

} // namespace
} // namespace outreachd::handlers
