/// SHA-256 against its published vectors (FIPS 180-4), and the framing of several fields.
#include "daemon/crypto/digest.hpp"

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

/// Short fields are gathered and long ones are not; it must not show.
TEST(Digest, OfFieldsIsThatOfTheirLengthsAndBytes) {
    for (const std::size_t first : {0U, 1U, 1007U, 1008U, 1009U, 1015U, 1016U, 1017U, 1024U, 5000U})
        for (const std::size_t second : {0U, 1U, 8U, 1016U, 1017U, 3000U}) {
            const std::string one(first, 'a');
            const std::string other(second, 'b');
            std::string all;
            for (const std::string& field : {one, other, one}) {
                for (unsigned shift = 0; shift < 64; shift += 8)
                    all += static_cast<char>(static_cast<std::uint64_t>(field.size()) >> shift);
                all += field;
            }
            EXPECT_EQ(sha256_of_fields({one, other, one}), sha256(all)) << first << ", " << second;
        }
}

} // namespace
} // namespace outreachd
