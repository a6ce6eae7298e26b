/// HMAC-SHA256 against RFC 4231, and from many threads.
#include "daemon/crypto/hmac.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace outreachd {
namespace {

std::string mac(const std::string& key, const std::string& message) {
    std::string text;
    for (const unsigned byte : hmac_key{key}.authenticate(message)) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 0xFU];
    }
    return text;
}

struct vector_of_rfc_4231 {
    const char* label;
    std::string key;
    std::string message;
    const char* mac;
};

const vector_of_rfc_4231 vectors[] = {
    {"test case 1", std::string(20, '\x0b'), "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"test case 2", "Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"test case 3", std::string(20, '\xaa'), std::string(50, '\xdd'),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"test case 4",
     "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19",
     std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"test case 6", std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"test case 7", std::string(131, '\xaa'),
     "This is a test using a larger than block-size key and a larger than block-size data. The key needs to "
     "be "
     "hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

TEST(Hmac, MatchesThePublishedVectors) {
    for (const auto& [label, key, message, expected] : vectors)
        EXPECT_EQ(mac(key, message), expected) << label;
}

TEST(Hmac, MatchesTheTruncatedVector) {
    EXPECT_EQ(mac(std::string(20, '\x0c'), "Test With Truncation").substr(0, 32),
              "a3b6167473100ee06e0c796c2955552b")
        << "test case 5";
}

TEST(Hmac, MatchesTheCheckValueOfTheContract) {
    EXPECT_EQ(mac("foo", ""), "683716d9d7f82eed174c6caebe086ee93376c79d7c61dd670ea00f7f8d6eb0a8");
}

TEST(Hmac, HashesAKeyOnlyAboveOneBlock) {
    EXPECT_EQ(mac(std::string(63, 'k'), "m"), mac(std::string(63, 'k') + '\0', "m"));
    EXPECT_NE(mac(std::string(64, 'k'), "m"), mac(std::string(65, 'k'), "m"));
}

TEST(Hmac, GivesTheSameAgainWithTheSameKey) {
    const hmac_key key{"Jefe"};
    const digest first = key.authenticate("what do ya want for nothing?");
    EXPECT_NE(key.authenticate("something else"), first);
    EXPECT_EQ(key.authenticate("what do ya want for nothing?"), first);
}

TEST(Hmac, ServesManyThreadsWithOneKey) {
    const hmac_key key{"Jefe"};
    const digest expected = key.authenticate("message");
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < 1000; ++round)
                wrong += key.authenticate("message") != expected;
        });
    threads.clear();
    EXPECT_EQ(wrong, 0);
}

} // namespace
} // namespace outreachd
