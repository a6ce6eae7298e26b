/// Base64 against the examples of RFC 4648, section 10.
#include "handlers/base64.hpp"

#include <gtest/gtest.h>

namespace outreachd::handlers {
namespace {

TEST(Base64, FollowsTheRfcsExamples) {
    const std::pair<std::string, std::string> cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (const auto& [bytes, text] : cases)
        EXPECT_EQ(to_base64(bytes), text) << bytes;
}

TEST(Base64, TakesEveryByte) {
    EXPECT_EQ(to_base64(std::string("\x00\xff\x80\xfe", 4)), "AP+A/g==");
}

} // namespace
} // namespace outreachd::handlers
