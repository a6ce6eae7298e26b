#include "handlers/outreach/install_tokens.hpp"
#include "handlers/outreach/json_api.hpp"
#include "tests/unit/outreach_client/outreach_under_test.hpp"
#include "tests/unit/outreach_client/test_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <fstream>
#include <thread>

namespace outreachd::handlers::outreach {
namespace {

using namespace test;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using kind = token_reply::kind;

std::string decode_base64url(std::string text) {
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    const std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string bytes(text.size() / 4 * 3, '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

bool is_signed_by(const key_ptr& key, const std::string& token) {
    const std::size_t dot = token.rfind('.');
    const std::string signature = decode_base64url(token.substr(dot + 1));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                            signature.size(), reinterpret_cast<const unsigned char*>(token.data()), dot) == 1;
}

TEST(AppKey, SignsWhatOutreachAsksFor) {
    const app_key key{secret{pem_of(rsa_key())}};
    const wall_time now = *parse_timestamp("2026-08-01T00:00:00.9Z");
    const std::string token{key.make_app_token("the-guid", now).reveal()};
    EXPECT_TRUE(is_signed_by(rsa_key(), token));
    const std::size_t dot = token.find('.');
    EXPECT_EQ(decode_base64url(token.substr(0, dot)), R"({"alg":"RS256","typ":"JWT"})");
    EXPECT_EQ(decode_base64url(token.substr(dot + 1, token.rfind('.') - dot - 1)),
              R"({"iss":"the-guid","iat":1785542400,"exp":1785542700})");
    EXPECT_EQ(token.find_first_of("=+/"), std::string::npos);
}

TEST(AppKey, RefusesWhatOutreachWouldNotTake) {
    const key_ptr short_key{EVP_RSA_gen(1024), EVP_PKEY_free};
    const key_ptr curve{EVP_EC_gen("P-256"), EVP_PKEY_free};
    const std::string good = pem_of(rsa_key());
    for (const auto& [pem, said] : {std::pair{std::string{}, "no private key"},
                                    {std::string{"planted"}, "no private key"},
                                    {good.substr(0, good.size() / 2), "no private key"},
                                    {pem_of(short_key), "shorter than 2048"},
                                    {pem_of(curve), "no RSA key"},
                                    {pem_of(rsa_key(), EVP_aes_128_cbc()), "passphrase"}}) {
        try {
            const app_key key{secret{pem}};
            ADD_FAILURE() << said;
        } catch (const std::runtime_error& problem) {
            EXPECT_THAT(problem.what(), AllOf(HasSubstr("outreach.auth.private_key"), HasSubstr(said),
                                              Not(HasSubstr("planted")), Not(HasSubstr("BEGIN"))));
        }
    }
}

scripted_answer access_token_of(const std::string& token, const std::string& api = {}) {
    return answer_of(200, R"({"data":{"type":"installs","id":"17","meta":{"accessToken":")" + token +
                              R"("},"relationships":{"org":{"links":{"api":")" + api + R"("}}}}})");
}

struct install_under_test {
    std::atomic<int> given = 0;
    changing_script script{[this](const recorded_request&) {
        return access_token_of("access-planted-" + std::to_string(++given));
    }};
    scripted_server server{[this](const recorded_request& request) { return script(request); }};
    scratch_directory directory;
    fake_clock clock;
    http_transport transport{{}};
    std::string at = directory / "";
    std::unique_ptr<store::token_file> file = std::make_unique<store::token_file>(at);
    settings::s2s_access configured{"the-guid", secret{pem_of(rsa_key())}, "17"};

    std::unique_ptr<install_tokens> make() {
        return std::make_unique<install_tokens>(configured, origin_of(server) + "/api/v2", *file, transport,
                                                clock.clock());
    }
};

/// Each is later than the one before.
install_fact now_happens(const std::string& guid, const std::string& install) {
    static std::int64_t moment = 0;
    return {guid, install, wall_time{std::chrono::microseconds{++moment}}};
}

std::string remember(store::token_file& file, const std::string& guid, const std::string& install) {
    return remember_install(file, now_happens(guid, install), in());
}

std::string forget(store::token_file& file, const std::string& guid, const std::string& install) {
    return forget_install(file, now_happens(guid, install), in());
}

TEST(InstallTokens, AsksForATokenOfTheInstall) {
    install_under_test test;
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1");
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1") << "another process finds it in the file";
    const auto requests = test.server.requests();
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].line, "POST /api/app/installs/17/actions/accessToken HTTP/1.1");
    EXPECT_EQ(requests[0].body, "");
    const std::string bearer = requests[0].headers.at("authorization");
    ASSERT_TRUE(bearer.starts_with("Bearer "));
    EXPECT_TRUE(is_signed_by(rsa_key(), bearer.substr(7)));
    test.clock.advance(minutes{60});
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-2");
}

TEST(InstallTokens, AsksOnceForAllThreads) {
    install_under_test test;
    const auto tokens = test.make();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 16; ++i)
            threads.emplace_back([&] { EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1"); });
    }
    EXPECT_EQ(test.given, 1);
    const secret first{"access-planted-1"};
    EXPECT_EQ(tokens->renew(first, in()).what, kind::later);
    test.clock.advance(seconds{60});
    EXPECT_EQ(token_of(tokens->renew(first, in())), "access-planted-2");
    EXPECT_EQ(token_of(tokens->renew(first, in())), "access-planted-2");
}

TEST(InstallTokens, DoesWithoutAFile) {
    install_under_test test;
    test.file = std::make_unique<store::token_file>("/no/such/directory");
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    test.clock.advance(minutes{60});
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-2");
    EXPECT_EQ(test.given, 2);
}

TEST(InstallTokens, SaysThatNoInstallIsKnownAndLearnsOne) {
    install_under_test test;
    test.configured.install.clear();
    const auto tokens = test.make();
    const token_reply none = tokens->get(in());
    EXPECT_EQ(none.what, kind::needs_login);
    EXPECT_THAT(none.why, HasSubstr("outreachd auth install"));
    EXPECT_THAT(test.server.requests(), IsEmpty());
    EXPECT_EQ(remember(*test.file, "the-guid", "23"), "");
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_THAT(test.server.requests()[0].line, HasSubstr("/installs/23/actions"));
    // The app was removed and installed again.
    EXPECT_EQ(remember(*test.file, "the-guid", "24"), "");
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-2")
        << "at once: the other one is a stranger's now";
    EXPECT_THAT(test.server.requests()[1].line, HasSubstr("/installs/24/actions"));
}

/// `outreachd auth install`, while the daemon runs.
TEST(InstallTokens, FollowsWhatAnotherProcessLearnsAtOnce) {
    install_under_test test;
    test.configured.install.clear();
    store::token_file others{test.at};
    ASSERT_EQ(remember(others, "the-guid", "23"), "");
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    ASSERT_EQ(remember(others, "the-guid", "24"), "");
    EXPECT_EQ(token_of(tokens->renew(secret{"access-planted-1"}, in())), "access-planted-2");
    EXPECT_THAT(test.server.requests()[1].line, HasSubstr("/installs/24/actions"));
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-2");
    EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-2") << "and nobody asks again";
    ASSERT_EQ(forget(others, "the-guid", "24"), "");
    EXPECT_EQ(tokens->get(in()).what, kind::needs_login);
    EXPECT_EQ(test.given, 2);
}

/// Between `auth install` for what the file says now and the reload.
TEST(InstallTokens, LeaveAnInstallAloneThatIsAnotherApps) {
    install_under_test test;
    test.configured.install.clear();
    ASSERT_EQ(remember(*test.file, "the-guid", "23"), "");
    const auto tokens = test.make();
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    store::token_file others{test.at};
    ASSERT_EQ(remember(others, "another-guid", "31"), "");
    EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
    EXPECT_EQ(test.make()->get(in()).what, kind::needs_login) << "started anew it knows none";
    EXPECT_EQ(others.read().record.install, "31");
}

TEST(InstallTokens, ADamagedFileIsNoReasonToBelieveThatThereIsNone) {
    install_under_test test;
    std::ofstream(test.directory / "outreach-tokens.json") << "{";
    EXPECT_EQ(note_installs_seen(*test.file, "the-guid", test.clock.now(), in()), "");
    EXPECT_TRUE(test.file->read().is_damaged);
}

TEST(InstallTokens, ForgetsAnInstallThatWasDeletedAndNoOther) {
    install_under_test test;
    test.configured.install.clear();
    ASSERT_EQ(remember(*test.file, "the-guid", "23"), "");
    EXPECT_EQ(forget(*test.file, "the-guid", "22"), "");
    EXPECT_EQ(forget(*test.file, "another-guid", "23"), "");
    EXPECT_EQ(test.file->read().record.install, "23");
    EXPECT_EQ(forget(*test.file, "the-guid", "23"), "");
    EXPECT_EQ(test.file->read().record.install, "");
    EXPECT_EQ(test.make()->get(in()).what, kind::needs_login);
}

TEST(InstallTokens, LetsNothingOlderChangeWhatIsKnown) {
    install_under_test test;
    const std::string guid = "the-guid";
    const auto at = [](int moment) { return wall_time{std::chrono::microseconds{moment}}; };
    EXPECT_FALSE(installs_seen_to(*test.file, guid));
    ASSERT_EQ(remember_install(*test.file, {guid, "24", at(7)}, in()), "");
    EXPECT_EQ(remember_install(*test.file, {guid, "23", at(6)}, in()), "");
    EXPECT_EQ(forget_install(*test.file, {guid, "24", at(7)}, in()), "") << "of before it was made anew";
    EXPECT_EQ(test.file->read().record.install, "24");
    EXPECT_EQ(note_installs_seen(*test.file, guid, at(9), in()), "");
    EXPECT_EQ(note_installs_seen(*test.file, guid, at(8), in()), "");
    EXPECT_EQ(installs_seen_to(*test.file, guid), at(9));
    EXPECT_EQ(test.file->read().record.install, "24");
    EXPECT_FALSE(installs_seen_to(*test.file, "another-guid"));
    EXPECT_EQ(note_installs_seen(*test.file, "another-guid", at(99), in()), "");
    EXPECT_EQ(installs_seen_to(*test.file, guid), at(9)) << "whose tokens are in the file";
    EXPECT_EQ(forget_install(*test.file, {guid, "24", at(10)}, in()), "");
    EXPECT_EQ(test.file->read().record.install, "");
    EXPECT_EQ(installs_seen_to(*test.file, guid), at(10));
}

TEST(InstallTokens, KnowsAnInstallThatIsGone) {
    install_under_test test;
    test.script = [](const recorded_request&) {
        return answer_of(404, R"({"errors":[{"id":"resourceNotFound","title":"Not found"}]})");
    };
    test.configured.install.clear();
    ASSERT_EQ(remember(*test.file, "the-guid", "17"), "");
    const auto tokens = test.make();
    EXPECT_THAT(tokens->get(in()).why, AllOf(HasSubstr("install 17 is gone"), HasSubstr("auth install")));
    EXPECT_EQ(tokens->get(in()).what, kind::needs_login);
    EXPECT_EQ(test.server.requests().size(), 1U) << "not asked for each request";
    test.script = [](const recorded_request&) { return access_token_of("new"); };
    ASSERT_EQ(remember(*test.file, "the-guid", "18"), "");
    EXPECT_EQ(token_of(tokens->get(in())), "new");
}

TEST(InstallTokens, TakesOddRepliesForWhatTheyAre) {
    struct {
        scripted_answer reply;
        kind what;
        const char* said;
    } const replies[] = {
        {answer_of(401, ""), kind::needs_login, "doesn't take our app token"},
        {answer_of(403, R"({"errors":[{"detail":"org locked"}]})"), kind::needs_login, "org locked"},
        {answer_of(403, "<html>", {}, "text/html"), kind::later, "answered 403"},
        {answer_of(404, "nothing here", {}, "text/plain"), kind::later, "answered 404"},
        {answer_of(429, "Retry later", {}, "text/plain"), kind::later, "Retry later"},
        {answer_of(500, ""), kind::later, "answered 500"},
        {answer_of(200, "{}"), kind::later, "without a token"},
        {answer_of(200, "<html>"), kind::later, "without a token"},
        {answer_of(302, "", "Location: /x\r\n"), kind::later, "302"},
        {scripted_answer{.is_reset = true}, kind::later, "can't be used"},
    };

    for (const auto& each : replies) {
        install_under_test test;
        test.script = [&](const recorded_request&) { return each.reply; };
        const auto tokens = test.make();
        const token_reply reply = tokens->get(in());
        EXPECT_EQ(reply.what, each.what) << each.said;
        EXPECT_THAT(reply.why, HasSubstr(each.said));
        // Nothing of it is final: an org is unlocked, a key is uploaded.
        test.script = [](const recorded_request&) { return access_token_of("given"); };
        test.clock.advance(minutes{15});
        EXPECT_EQ(token_of(tokens->get(in())), "given");
    }
}

/// What stands between has refused the request of just now, and not the install.
TEST(InstallTokens, GoesOnWithATokenThatIsStillGood) {
    install_under_test test;
    const auto tokens = test.make();
    ASSERT_EQ(token_of(tokens->get(in())), "access-planted-1");
    test.clock.advance(minutes{56}); // it is due
    for (const scripted_answer& each : {answer_of(403, "<html>Request blocked</html>", {}, "text/html"),
                                        answer_of(403, R"({"errors":[{"detail":"org locked"}]})")}) {
        test.script = [&](const recorded_request&) { return each; };
        EXPECT_EQ(token_of(tokens->get(in())), "access-planted-1");
        EXPECT_EQ(token_of(test.make()->get(in())), "access-planted-1") << "the file has it, too";
        test.clock.advance(minutes{1});
    }
    EXPECT_EQ(test.server.requests().size(), 3U);
    test.clock.advance(minutes{4});
    EXPECT_EQ(tokens->get(in()).what, kind::needs_login) << "it is over, and the org's word counts";
}

TEST(InstallTokens, AsksAnewOnceTheKeyIsAnother) {
    install_under_test test;
    test.script = [](const recorded_request&) { return answer_of(401, ""); };
    ASSERT_EQ(test.make()->get(in()).what, kind::needs_login);
    ASSERT_EQ(test.make()->get(in()).what, kind::needs_login);
    EXPECT_EQ(test.server.requests().size(), 1U);
    test.script = [](const recorded_request&) { return access_token_of("given"); };
    const key_ptr mended{EVP_RSA_gen(2048), EVP_PKEY_free};
    test.configured.private_key = secret{pem_of(mended)};
    EXPECT_EQ(token_of(test.make()->get(in())), "given");
}

TEST(InstallTokens, GoesToTheOrgsOwnApiWhereThatIsOutreachs) {
    const std::string real = "https://api.outreach.io/api/v2";
    EXPECT_EQ(own_api_base("https://app1f.outreach.io/api/v2", real), "https://app1f.outreach.io/api/v2");
    EXPECT_EQ(own_api_base("https://app1f.outreach.io/api/v2/", real), "https://app1f.outreach.io/api/v2");
    for (const char* link :
         {"", "http://app1f.outreach.io/api/v2", "https://outreach.io.evil.example/api/v2",
          "https://notoutreach.io/api/v2", "https://evil.example/?x=.outreach.io",
          "https://user@app.outreach.io/", "https://app.outreach.io/api?x=1", "http://127.0.0.1/api/v2", "x"})
        EXPECT_EQ(own_api_base(link, real), "") << link;
    EXPECT_EQ(own_api_base("http://127.0.0.1:7/api/v2", "http://127.0.0.1:8/api/v2"),
              "http://127.0.0.1:7/api/v2");
    EXPECT_EQ(own_api_base("http://localhost:7/api", "http://[::1]:8/api/v2"), "http://localhost:7/api");
}

TEST(InstallTokens, ExchangesASetUpToken) {
    install_under_test test;
    test.configured.install.clear();
    test.script = [](const recorded_request& request) {
        if (request.line.find("/actions/setupToken") != std::string::npos)
            return answer_of(200, R"({"data":{"type":"install","id":31}})");
        return access_token_of("given");
    };
    const wall_time ahead = test.clock.now() + std::chrono::days{300}; // the clock has been put back since
    ASSERT_EQ(note_installs_seen(*test.file, "the-guid", ahead, in()), "");
    const auto tokens = test.make();
    const auto done = tokens->set_up(secret{"setup/planted"}, in());
    EXPECT_EQ(done.problem, "");
    EXPECT_EQ(done.install, "31");
    EXPECT_THAT(test.server.requests()[0].line,
                HasSubstr("/api/app/installs/setup%2Fplanted/actions/setupToken"));
    EXPECT_EQ(token_of(tokens->get(in())), "given");
    EXPECT_THAT(test.server.requests()[1].line, HasSubstr("/installs/31/actions/accessToken"));

    test.script = [](const recorded_request& request) {
        return answer_of(404, R"({"errors":[{"detail":")" + request.line + R"("}]})");
    };
    const auto failed = tokens->set_up(secret{"setup/planted"}, in());
    EXPECT_EQ(failed.install, "");
    EXPECT_THAT(failed.problem, AllOf(HasSubstr("15 minutes"), Not(HasSubstr("planted"))));
}

} // namespace
} // namespace outreachd::handlers::outreach
