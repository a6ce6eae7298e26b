#include "daemon/ingress/tls_context.hpp"
#include "tests/unit/ingress/test_certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fstream>
#include <memory>

namespace outreachd::ingress {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(const settings::tls_files& files) {
    try {
        const tls_context context(files);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return {};
}

TEST(TlsContext, TakesACertificateAndItsKey) {
    const scratch_directory scratch;
    const tls_context context(make_test_certificate(scratch, "good"));
    EXPECT_NE(context.get(), nullptr);
    const auto left = context.expires_at() - wall_now();
    EXPECT_GT(left, std::chrono::hours{23});
    EXPECT_LE(left, std::chrono::hours{24});
}

TEST(TlsContext, NamesTheFileAndTheCause) {
    const scratch_directory scratch;
    const settings::tls_files good = make_test_certificate(scratch, "good");
    const settings::tls_files other = make_test_certificate(scratch, "other");
    const std::string encrypted = make_encrypted_key(scratch, "encrypted.key");
    const std::string empty = scratch.file("empty.pem");
    std::ofstream{empty};
    const std::string garbage = scratch.file("garbage.pem");
    std::ofstream{garbage} << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    struct example {
        const char* label;
        settings::tls_files files;
        std::string names;
        std::string says;
    };

    const example examples[] = {
        {"no certificate",
         {scratch.file("none.pem"), good.private_key},
         scratch.file("none.pem"),
         "No such file"},
        {"no key", {good.certificate, scratch.file("none.key")}, scratch.file("none.key"), "No such file"},
        {"empty certificate", {empty, good.private_key}, empty, "empty"},
        {"empty key", {good.certificate, empty}, empty, "empty"},
        {"certificate is garbage", {garbage, good.private_key}, garbage, "no PEM certificate"},
        {"certificate is a key",
         {good.private_key, good.private_key},
         good.private_key,
         "no PEM certificate"},
        {"key is a certificate",
         {good.certificate, good.certificate},
         good.certificate,
         "no PEM private key"},
        {"another's key", {good.certificate, other.private_key}, other.private_key, "doesn't belong to"},
        {"encrypted key", {good.certificate, encrypted}, encrypted, "is encrypted"},
    };
    for (const example& one : examples)
        EXPECT_THAT(error_of(one.files),
                    AllOf(HasSubstr(one.names), HasSubstr(one.says), HasSubstr("listen.tls")))
            << one.label;
}

/// A client that offers just these, in one version of TLS.
struct offer {
    const char* suites; ///< Of TLS 1.2.
    const char* groups;
    int version = TLS1_2_VERSION;
};

/// A handshake in memory: false where `server` refuses the offer.
bool is_agreed(const tls_context& server, const offer& offered) {
    using side = std::unique_ptr<SSL, decltype(&SSL_free)>;
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                    &SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0); // it is the server that refuses
    SSL_CTX_set_min_proto_version(context.get(), offered.version);
    SSL_CTX_set_max_proto_version(context.get(), offered.version);
    EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), offered.suites), 1) << offered.suites;
    EXPECT_EQ(SSL_CTX_set1_groups_list(context.get(), offered.groups), 1) << offered.groups;
    const side client(SSL_new(context.get()), &SSL_free);
    const side serving(SSL_new(server.get()), &SSL_free);
    BIO* client_end = nullptr;
    BIO* server_end = nullptr;
    EXPECT_EQ(BIO_new_bio_pair(&client_end, 0, &server_end, 0), 1);
    SSL_set_bio(client.get(), client_end, client_end);
    SSL_set_bio(serving.get(), server_end, server_end);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(serving.get());
    constexpr int turns_max = 10;
    bool is_done = false;
    for (int turn = 0; turn < turns_max && !is_done; ++turn) {
        const bool is_client_done = SSL_do_handshake(client.get()) == 1;
        is_done = SSL_do_handshake(serving.get()) == 1 && is_client_done;
    }
    ERR_clear_error();
    return is_done;
}

/// With a key that all of the suites can be used with, were they wanted.
TEST(TlsContext, TakesNoSuiteWithoutForwardSecrecyOrAuthenticatedEncryption) {
    const scratch_directory scratch;
    const tls_context context(make_test_certificate(scratch, "rsa", key_kind::rsa));
    for (const char* taken :
         {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"})
        EXPECT_TRUE(is_agreed(context, {taken, "P-256"})) << taken;
    for (const char* refused : {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES256-SHA384",
                                "AES128-SHA", "AES256-SHA256", "AES128-GCM-SHA256", "AES256-GCM-SHA384"})
        EXPECT_FALSE(is_agreed(context, {refused, "P-256"})) << refused;
}

/// With a key of no curve, since TLS 1.2 asks the client to have the certificate's, too.
TEST(TlsContext, TakesTheGroupsThatClientsHave) {
    const scratch_directory scratch;
    const tls_context context(make_test_certificate(scratch, "rsa", key_kind::rsa));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        for (const char* taken : {"X25519", "P-256", "P-384"})
            EXPECT_TRUE(is_agreed(context, {"ECDHE+AESGCM", taken, version})) << taken;
        EXPECT_FALSE(is_agreed(context, {"ECDHE+AESGCM", "P-521", version}));
    }
}

TEST(TlsContext, ServesAnotherAfterOneThatFailed) {
    const scratch_directory scratch;
    const settings::tls_files good = make_test_certificate(scratch, "good");
    EXPECT_NE(error_of({good.certificate, scratch.file("none.key")}), "");
    EXPECT_EQ(error_of(good), "");
}

} // namespace
} // namespace outreachd::ingress
