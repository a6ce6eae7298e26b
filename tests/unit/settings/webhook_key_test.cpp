/// Secrets of Standard Webhooks.
#include "daemon/settings/webhook_key.hpp"

#include <gmock/gmock.h>

#include <string>

namespace outreachd::settings::test {

namespace {

std::string key_of(const std::string& written) {
    const auto key = webhook_key(secret{written});
    return key ? std::string{key->reveal()} : "none";
}

TEST(WebhookKey, IsDecodedBehindThePrefix) {
    EXPECT_EQ(
        key_of("whsec_"
               "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0");
    EXPECT_EQ(key_of("whsec_aGVsbG8="), "hello");
    EXPECT_EQ(key_of("whsec_aGVsbG8"), "hello");
    EXPECT_EQ(key_of("whsec_aA=="), "h");
    EXPECT_EQ(key_of("whsec_+/8="), "\xfb\xff");
}

TEST(WebhookKey, IsTheTextItselfWithoutIt) {
    EXPECT_EQ(key_of("aGVsbG8="), "aGVsbG8=");
    EXPECT_EQ(key_of("a plain secret"), "a plain secret");
    EXPECT_EQ(key_of("WHSEC_aGVsbG8="), "WHSEC_aGVsbG8=");
}

TEST(WebhookKey, IsNoneWhereThePrefixLies) {
    for (const char* written : {"whsec_", "whsec_=", "whsec_====", "whsec_a", "whsec_aGVsb",
                                "whsec_aGVsbG8==", "whsec_aGVs bG8=", "whsec_aGV-bG8_",
                                "whsec_aGVsbG9=", "whsec_aGVs\n", "whsec_aG=sbG8="})
        EXPECT_EQ(key_of(written), "none") << written;
}

} // namespace

} // namespace outreachd::settings::test
