/// SHA-256 against its published vectors (FIPS 180-4), and the framing of several fields.
#include "daemon/event/digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace outreachd {
namespace {

std::string hex(const digest& value) {
    std::string text;
    for (const std::uint8_t byte : value) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

TEST(Digest, MatchesThePublishedVectors) {
    EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, PrecedesEachFieldByItsLengthInEightBytes) {
    EXPECT_EQ(hex(sha256_of_fields({"ab", "c"})),
              "43ee655579de01ca739b3f95c1c2d3f46d353b2c0df818064ea594506cdb2617");
}

TEST(Digest, TellsListsOfFieldsApart) {
    EXPECT_NE(sha256_of_fields({"ab", "c"}), sha256_of_fields({"a", "bc"}));
    EXPECT_NE(sha256_of_fields({"ab"}), sha256_of_fields({"ab", ""}));
    EXPECT_NE(sha256_of_fields({"", "ab"}), sha256_of_fields({"ab", ""}));
    EXPECT_EQ(sha256_of_fields({"ab", "c"}), sha256_of_fields({"ab", "c"}));
}

} // namespace
} // namespace outreachd
