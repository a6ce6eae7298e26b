#include "daemon/text/ascii.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace outreachd {
namespace {

TEST(Ascii, TrimsBlanksAndTabsAtBothEnds) {
    EXPECT_EQ(trimmed(" \ta b\t "), "a b");
    EXPECT_EQ(trimmed("ab"), "ab");
    EXPECT_EQ(trimmed("--ab-", "-"), "ab");
}

/// Who counts from the text's begin relies on it.
TEST(Ascii, WhatIsLeftLiesInTheTextThoughNothingIsLeft) {
    for (const std::string_view text : {std::string_view{" \t "}, std::string_view{""}}) {
        EXPECT_TRUE(trimmed(text).empty());
        EXPECT_EQ(trimmed(text).data(), text.data() + text.size());
    }
}

TEST(Ascii, KnowsNoCaseButThatOfItsLetters) {
    EXPECT_TRUE(is_same_in_any_case("Content-Length", "content-LENGTH"));
    EXPECT_FALSE(is_same_in_any_case("content", "content-"));
    EXPECT_FALSE(is_same_in_any_case("\xC4", "\xE4"));
}

} // namespace
} // namespace outreachd
