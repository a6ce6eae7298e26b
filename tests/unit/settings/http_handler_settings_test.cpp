/// A handler of type `http`, as the configuration says it.
#include "daemon/settings/certificate_check.hpp"
#include "tests/unit/settings/files_under_test.hpp"

#include <gmock/gmock.h>

namespace outreachd::settings::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

loaded load_http(const std::string& keys) {
    return parse_settings(std::string{least} +
                          "routes: [{match: a, to: [crm]}]\nhandlers:\n  crm:\n    type: http\n" + keys);
}

http_handler http_of(const loaded& from) {
    EXPECT_THAT(lines_of(from.errors), IsEmpty());
    return from.settings.handlers.empty() ? http_handler{}
                                          : std::get<http_handler>(from.settings.handlers.front().type);
}

TEST(HttpHandlerSettings, HaveDefaults) {
    const loaded result = load_http("    url: https://crm.example.com/in\n");
    const http_handler read = http_of(result);
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    EXPECT_EQ(read.url, "https://crm.example.com/in");
    EXPECT_EQ(read.method, "POST");
    EXPECT_THAT(read.headers, IsEmpty());
    EXPECT_FALSE(read.body);
    EXPECT_TRUE(read.sign_key.empty());
    EXPECT_EQ(read.format, http_format::raw);
    EXPECT_EQ(read.ca, "");
    EXPECT_FALSE(read.proxy);
    EXPECT_THAT(read.allow_hosts, IsEmpty());
}

TEST(HttpHandlerSettings, TakeEveryKey) {
    const temporary_folder folder;
    const std::string pem = make_certificate().pem + make_certificate().pem;
    const std::string ca = folder.write("ca.pem", pem);
    const variable token{"OUTREACHD_TEST_TOKEN", "from-environment"};
    const std::string secret = folder.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    const loaded result = load_http(
        "    url: https://${{ .region }}.example.com/${{ .data.id }}\n"
        "    method: PATCH\n"
        "    headers: {X-A: \"${{ .a }}\", Authorization: \"Bearer ${OUTREACHD_TEST_TOKEN}\", X-N: 5}\n"
        "    body: |\n"
        "      two\n"
        "      lines\n"
        "    sign: {secret: {file: " +
        secret +
        "}}\n"
        "    format: raw\n"
        "    ca: " +
        ca +
        "\n"
        "    proxy: http://proxy.example.com:3128\n"
        "    allow_hosts: [\"*.example.com\"]\n");
    const http_handler read = http_of(result);
    EXPECT_THAT(lines_of(result.warnings), IsEmpty());
    EXPECT_EQ(read.url, "https://${{ .region }}.example.com/${{ .data.id }}");
    EXPECT_EQ(read.method, "PATCH");
    EXPECT_THAT(read.headers,
                ElementsAre(header{"X-A", "${{ .a }}"}, header{"Authorization", "Bearer from-environment"},
                            header{"X-N", "5"}));
    ASSERT_TRUE(read.body);
    EXPECT_EQ(read.body->text, "two\nlines\n");
    EXPECT_FALSE(read.body->is_json);
    EXPECT_EQ(read.sign_key.reveal().size(), 24U);
    EXPECT_EQ(read.ca, pem);
    EXPECT_EQ(read.proxy, "http://proxy.example.com:3128");
    EXPECT_THAT(read.allow_hosts, ElementsAre("*.example.com"));
}

TEST(HttpHandlerSettings, MakeJsonOfAMapOrAList) {
    const http_handler map =
        http_of(load_http("    url: https://crm.example.com/\n"
                          "    body: {a: \"${{ .data.id }}\", b: \"1\", c: 1.10, d: [yes, true, null]}\n"));
    ASSERT_TRUE(map.body);
    EXPECT_TRUE(map.body->is_json);
    EXPECT_EQ(map.body->text, R"({"a":"${{ .data.id }}","b":"1","c":1.10,"d":["yes",true,null]})");
    const http_handler list = http_of(load_http("    url: https://crm.example.com/\n    body: []\n"));
    ASSERT_TRUE(list.body);
    EXPECT_TRUE(list.body->is_json);
    EXPECT_EQ(list.body->text, "[]");
    const http_handler empty = http_of(load_http("    url: https://crm.example.com/\n    body: \"\"\n"));
    ASSERT_TRUE(empty.body);
    EXPECT_EQ(empty.body->text, "");
    EXPECT_FALSE(empty.body->is_json);
}

TEST(HttpHandlerSettings, KnowALoopbackHost) {
    for (const char* url : {"http://localhost:80/", "http://127.0.0.1/", "http://[::1]:8080/${{ .id }}"})
        EXPECT_THAT(lines_of(load_http(std::string{"    url: \""} + url + "\"\n").warnings), IsEmpty())
            << url;
    for (const char* url : {"http://crm.example.com/", "http://localhost.example.com/", "http://10.0.0.1/"}) {
        const loaded result = load_http(std::string{"    url: \""} + url + "\"\n");
        EXPECT_THAT(lines_of(result.errors), IsEmpty()) << url;
        EXPECT_THAT(lines_of(result.warnings), ElementsAre(HasSubstr("handlers.crm.url: sends events")))
            << url;
    }
}

TEST(HttpHandlerSettings, WarnOfSecretsInTheFileAndShortKeys) {
    const loaded result = load_http("    url: https://crm.example.com/\n"
                                    "    proxy: http://me:hidden@proxy.example.com\n"
                                    "    sign: {secret: hidden}\n");
    EXPECT_THAT(lines_of(result.errors), IsEmpty());
    EXPECT_THAT(lines_of(result.warnings),
                ElementsAre(HasSubstr("handlers.crm.proxy: a user and password stand in the file"),
                            HasSubstr("handlers.crm.sign.secret: a secret stands in the file"),
                            HasSubstr("handlers.crm.sign.secret: the key is shorter than the 24 bytes")));
    for (const problem& one : result.warnings)
        EXPECT_THAT(one.message, testing::Not(HasSubstr("hidden")));
}

TEST(HttpHandlerSettings, NeverSayWhatCameFromTheEnvironment) {
    const variable key{"OUTREACHD_TEST_TOKEN", "s3cret key\r"};
    for (const char* keys : {"    url: \"https://crm.example.com/${OUTREACHD_TEST_TOKEN}\"\n",
                             "    url: https://crm.example.com/\n"
                             "    headers: {Authorization: \"Bearer ${OUTREACHD_TEST_TOKEN}\"}\n"}) {
        const auto lines = lines_of(load_http(keys).errors);
        ASSERT_EQ(lines.size(), 1U) << keys;
        EXPECT_THAT(lines.front(), testing::Not(HasSubstr("s3cret"))) << keys;
    }
}

TEST(HttpHandlerSettings, KnowAUrlThatCameOutOfTheEnvironment) {
    const variable path{"OUTREACHD_TEST_TOKEN", "T0/B0/key"};
    EXPECT_TRUE(
        http_of(load_http("    url: \"https://hooks.example.com/${OUTREACHD_TEST_TOKEN}\"\n")).hides_path);
    EXPECT_FALSE(http_of(load_http("    url: https://hooks.example.com/${NOT_SET:-in}\n")).hides_path);
}

TEST(HttpHandlerSettings, RefuseAPasswordThatNoUrlCanHold) {
    const auto lines = lines_of(
        load_http("    url: https://crm.example.com/\n    proxy: http://user:pa/ss@proxy.example.com:3128\n")
            .errors);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_THAT(lines.front(), HasSubstr("percent-encode"));
    EXPECT_THAT(lines.front(), testing::Not(HasSubstr("pa/ss")));
}

TEST(HttpHandlerSettings, TurnTheProxyOff) {
    const http_handler read = http_of(load_http("    url: https://crm.example.com/\n    proxy: off\n"));
    EXPECT_EQ(read.proxy, "");
}

TEST(HttpHandlerSettings, GiveEachExpressionToTheCheck) {
    std::vector<std::string> seen;
    const loaded result = parse_settings(std::string{least} + R"(
routes: [{match: a, to: [crm]}]
handlers:
  crm:
    type: http
    url: https://crm.example.com/${{ .u }}
    headers: {X-A: "a ${{ .h }} b"}
    body: {a: ["${{ .b }}"], c: "x ${{ .c }} ${{ .d }}"}
)",
                                         scope::all, [&](const std::string& program) {
                                             seen.push_back(program);
                                             return std::optional<std::string>{"no"};
                                         });
    EXPECT_THAT(seen, testing::UnorderedElementsAre(" .u ", " .h ", " .b ", " .c ", " .d "));
    EXPECT_THAT(lines_of(result.errors), ElementsAre(HasSubstr("handlers.crm.url: '${{ .u }}': no"),
                                                     HasSubstr("handlers.crm.headers.X-A: '${{ .h }}': no"),
                                                     HasSubstr("handlers.crm.body.a[0]: '${{ .b }}': no"),
                                                     HasSubstr("handlers.crm.body.c: '${{ .c }}': no"),
                                                     HasSubstr("handlers.crm.body.c: '${{ .d }}': no")));
}

TEST(HttpHandlerSettings, HaveKeysThatAreText) {
    EXPECT_THAT(lines_of(load_http("    url: https://crm.example.com/\n"
                                   "    headers: {[x]: a}\n"
                                   "    body: {[x]: a}\n")
                             .errors),
                ElementsAre(HasSubstr("handlers.crm.headers: this key is no header's name"),
                            HasSubstr("handlers.crm.body: a key should be text, and this is a list")));
}

TEST(Authorities, AreOneCertificateAtLeastAndNoneBroken) {
    const temporary_folder folder;
    const certificate made = make_certificate();
    for (const std::string& pem : {made.pem, "# ours\n" + made.pem + "# another\n" + made.pem}) {
        const authorities read = read_authorities(folder.write("good.pem", pem));
        EXPECT_EQ(read.problem, "");
        EXPECT_EQ(read.pem, pem);
    }
    const std::string broken =
        made.pem + made.pem.substr(0, made.pem.size() / 2) + "\n-----END CERTIFICATE-----\n";
    for (const std::string& pem :
         {std::string{}, std::string{"none"}, made.key_pem, broken, made.pem.substr(0, 200)})
        EXPECT_THAT(read_authorities(folder.write("bad.pem", pem)).problem, HasSubstr("bad.pem")) << pem;
    EXPECT_THAT(read_authorities(folder.path("absent.pem")).problem, HasSubstr("absent.pem"));
}

} // namespace

} // namespace outreachd::settings::test
