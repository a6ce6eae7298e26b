#include "daemon/ingress/tls_context.hpp"
#include "tests/unit/ingress/test_certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

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

TEST(TlsContext, ServesAnotherAfterOneThatFailed) {
    const scratch_directory scratch;
    const settings::tls_files good = make_test_certificate(scratch, "good");
    EXPECT_NE(error_of({good.certificate, scratch.file("none.key")}), "");
    EXPECT_EQ(error_of(good), "");
}

} // namespace
} // namespace outreachd::ingress
