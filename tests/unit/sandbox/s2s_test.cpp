/// Contract 7.17 to 7.27: server to server.
#include "daemon/sandbox/base64url.hpp"
#include "daemon/sandbox/proofs.hpp"
#include "tests/servers/test_certificate.hpp"
#include "tests/unit/sandbox/running_sandbox.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

namespace outreachd::sandbox {
namespace {

const std::string guid = options{}.s2s_guid;
const std::string install_id = options{}.install;

/// An RSA key pair; it signs, and shows its public half.
class signing_key {
public:
    signing_key() : key_(EVP_RSA_gen(2048), &EVP_PKEY_free) {}

    std::string public_pem() const {
        const std::unique_ptr<BIO, decltype(&BIO_free)> memory{BIO_new(BIO_s_mem()), &BIO_free};
        EXPECT_EQ(PEM_write_bio_PUBKEY(memory.get(), key_.get()), 1);
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(memory.get(), &bytes);
        return {bytes, static_cast<std::size_t>(size)};
    }

    std::string sign(const std::string& message) const {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                              &EVP_MD_CTX_free};
        const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
        std::size_t size = 0;
        EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()), 1);
        EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, bytes, message.size()), 1);
        std::string signature(size, '\0');
        EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                 bytes, message.size()),
                  1);
        return signature.substr(0, size);
    }

private:
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

const signing_key& own_key() {
    static const signing_key key;
    return key;
}

std::int64_t now_in_seconds() {
    return std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
}

std::string claims(const std::string& issuer, std::int64_t life) {
    return R"({"iss":")" + issuer + R"(","iat":)" + std::to_string(now_in_seconds()) + R"(,"exp":)" +
           std::to_string(now_in_seconds() + life) + "}";
}

std::string jwt(const signing_key& key, const std::string& payload,
                const std::string& head = R"({"alg":"RS256"})") {
    const std::string message = to_base64url(head) + '.' + to_base64url(payload);
    return message + '.' + to_base64url(key.sign(message));
}

options with_key() {
    options configured = quick_options();
    configured.s2s_public_keys = {signing_key{}.public_pem(), own_key().public_pem()};
    return configured;
}

json_reply call(running_sandbox& sandbox, const std::string& what, const std::string& action,
                const std::string& proof) {
    return running_sandbox::to_json(sandbox.raw("POST", "/api/app/installs/" + what + "/actions/" + action,
                                                {}, {{"Authorization", "Bearer " + proof}}));
}

TEST(AppToken, HoldsWhereAnyOfTheKeysSignedIt) { // 7.17, 7.18
    EXPECT_EQ(
        check_app_token(jwt(own_key(), claims(guid, 300)), guid, with_key().s2s_public_keys, wall_now()), "");
}

TEST(AppToken, IsRefusedWhereAnythingIsWrong) { // 7.18
    const auto keys = with_key().s2s_public_keys;
    const signing_key stranger;
    const std::string good = jwt(own_key(), claims(guid, 300));
    for (const std::string& bad :
         {std::string{}, std::string{"a.b"}, jwt(stranger, claims(guid, 300)),
          jwt(own_key(), claims("other", 300)), jwt(own_key(), claims(guid, -1)),
          jwt(own_key(), claims(guid, 300), R"({"alg":"HS256"})"),
          jwt(own_key(), claims(guid, 300), R"({"alg":"none"})"), good.substr(0, good.rfind('.') + 1),
          good.substr(0, good.size() - 4) + "AAAA"})
        EXPECT_NE(check_app_token(bad, guid, keys, wall_now()), "") << bad;
}

TEST(AppToken, OfAnyKeyHoldsWhereNoneIsConfigured) {
    EXPECT_EQ(check_app_token(jwt(signing_key{}, claims(guid, 300)), guid, {}, wall_now()), "");
}

TEST(S2s, AppTokenIsExchangedForAccess) { // 7.20, 7.21, 7.23, 7.25
    running_sandbox sandbox{with_key()};
    const json_reply given = call(sandbox, install_id, "accessToken", jwt(own_key(), claims(guid, 300)));
    ASSERT_EQ(given.status, 200U);
    EXPECT_EQ(given.text("/data/id"), install_id);
    EXPECT_EQ(given.text("/data/relationships/org/links/api"), sandbox.subject.base_url());
    sandbox.token = given.text("/data/meta/accessToken");
    EXPECT_EQ(sandbox.get("prospects").status, 200U);
    EXPECT_TRUE(sandbox.get("/api/v2").at("/meta/user").is_null());
    EXPECT_EQ(
        sandbox
            .post("webhooks", R"({"data":{"type":"webhook","attributes":{"url":"https://x.example.com"}}})")
            .text("/data/attributes/creatorAppId"),
        guid); // 5.3
}

TEST(S2s, ScopesAreThoseOfThePortal) { // 7.26
    running_sandbox sandbox{with_key()};
    sandbox.token = call(sandbox, install_id, "accessToken", jwt(own_key(), claims(guid, 300)))
                        .text("/data/meta/accessToken");
    EXPECT_EQ(sandbox.get("mailings").status, 200U);
    EXPECT_EQ(sandbox.get("batches").status, 403U);
    EXPECT_EQ(sandbox.post("snippets", R"({"data":{"type":"snippet","attributes":{"name":"S"}}})").status,
              403U);
    sandbox.make("accounts", "account", R"("name":"A")");
}

TEST(S2s, AccessEndsWithItsHour) { // 7.21
    options configured = with_key();
    configured.s2s_token_life = 0ms;
    running_sandbox sandbox{configured};
    sandbox.token = call(sandbox, install_id, "accessToken", jwt(own_key(), claims(guid, 300)))
                        .text("/data/meta/accessToken");
    EXPECT_EQ(sandbox.get("prospects").status, 401U);
}

TEST(S2s, WrongProofIsRefused) { // 7.18
    running_sandbox sandbox{with_key()};
    EXPECT_EQ(call(sandbox, install_id, "accessToken", jwt(signing_key{}, claims(guid, 300))).status, 401U);
    EXPECT_EQ(call(sandbox, install_id, "accessToken", {}).status, 401U);
}

TEST(S2s, SetUpTokenTellsTheInstallOnce) { // 7.19
    running_sandbox sandbox{with_key()};
    const json_reply installed = sandbox.control("POST", "installs");
    const std::string proof = jwt(own_key(), claims(guid, 300));
    const json_reply told = call(sandbox, installed.text("/setup_token"), "setupToken", proof);
    EXPECT_EQ(told.text("/data/id"), installed.text("/id"));
    EXPECT_EQ(call(sandbox, installed.text("/setup_token"), "setupToken", proof).status, 404U);
    EXPECT_EQ(call(sandbox, installed.text("/id"), "accessToken", proof).status, 200U);
}

TEST(S2s, SetUpTokenIsGoodForAQuarterOfAnHour) { // 7.19
    options configured = with_key();
    configured.setup_token_life = 0ms;
    running_sandbox sandbox{configured};
    const std::string token = sandbox.control("POST", "installs").text("/setup_token");
    EXPECT_EQ(call(sandbox, token, "setupToken", jwt(own_key(), claims(guid, 300))).status, 404U);
}

TEST(S2s, RemovedInstallIsNotThere) { // 7.22
    running_sandbox sandbox{with_key()};
    EXPECT_EQ(sandbox.control("DELETE", "installs/" + install_id).status, 204U);
    EXPECT_EQ(call(sandbox, install_id, "accessToken", jwt(own_key(), claims(guid, 300))).status, 404U);
}

} // namespace
} // namespace outreachd::sandbox
